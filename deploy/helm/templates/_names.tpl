{{- define "gateway.name" -}}
{{ contains .Chart.Name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name) | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "gateway.jobs" -}}
{{ include "gateway.name" . }}-jobs
{{- end }}

{{- define "gateway.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "gateway.selector.service" -}}
{{ include "gateway.selector" . }}
app.kubernetes.io/component: service
{{- end }}

{{- define "gateway.selector.jobs" -}}
{{ include "gateway.selector" . }}
app.kubernetes.io/component: jobs
{{- end }}

{{- define "gateway.labels" -}}
{{ include "gateway.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "gateway.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* What the chart itself decides; a setting of that name is refused, since it would not fit the manifests. */}}
{{- define "gateway.fixed" -}}
GATEWAY_BIND: 0.0.0.0:8000
GATEWAY_WORKERS: "1"
GATEWAY_METRICS: port
GATEWAY_METRICS_BIND: 0.0.0.0
GATEWAY_METRICS_PORT: "9090"
GATEWAY_STATE_DIR: /var/lib/gateway
{{- end }}

{{- define "gateway.settings" -}}
{{- $fixed := include "gateway.fixed" . | fromYaml }}
{{- range $name, $value := .Values.settings }}
{{- if hasKey $fixed $name }}
{{- fail (printf "settings.%s: the chart sets it; take it away" $name) }}
{{- end }}
{{- if and (has $name (list "GATEWAY_CORE_URL" "GATEWAY_KEYCLOAK_URL" "GATEWAY_KEYCLOAK_REALM" "GATEWAY_KEYCLOAK_AUDIENCE")) (not $value) }}
{{- fail (printf "settings.%s: must be set" $name) }}
{{- end }}
{{ $name }}: {{ $value | toString | quote }}
{{- end }}
{{- range $name, $value := $fixed }}
{{ $name }}: {{ $value | quote }}
{{- end }}
{{- range $name, $key := .Values.secrets.files }}
{{- if or $.Values.redis.enabled (ne $name "GATEWAY_REDIS_URL_FILE") }}
{{ $name }}: /run/secrets/gateway/{{ $key }}
{{- end }}
{{- end }}
{{- if .Values.apiKeys.secret }}
GATEWAY_API_KEYS_FILE: /run/secrets/api-keys/api-keys.json
{{- end }}
{{- end }}

{{- define "gateway.pod" -}}
serviceAccountName: {{ include "gateway.name" . }}
automountServiceAccountToken: false
# Else a Service named `gateway…` would inject variables that look like settings.
enableServiceLinks: false
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.nodeSelector }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity: {{ toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "gateway.container" -}}
image: {{ include "gateway.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
envFrom:
  - configMapRef:
      name: {{ include "gateway.name" . }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop:
      - ALL
{{- end }}

{{- define "gateway.mounts" -}}
- name: state
  mountPath: /var/lib/gateway
{{- if .Values.secrets.files }}
- name: secrets
  mountPath: /run/secrets/gateway
  readOnly: true
{{- end }}
{{- if .Values.files.configMap }}
# The folder, so that a changed file reaches a running pod.
- name: files
  mountPath: /etc/gateway
  readOnly: true
{{- end }}
{{- end }}

{{- define "gateway.given" -}}
{{- if .Values.secrets.files }}
- name: secrets
  secret:
    secretName: {{ .Values.secrets.name }}
    defaultMode: 0440
{{- end }}
{{- if .Values.files.configMap }}
- name: files
  configMap:
    name: {{ .Values.files.configMap }}
{{- end }}
{{- end }}

{{- define "gateway.egress" -}}
- to:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: kube-system
  ports:
    - port: 53
      protocol: UDP
    - port: 53
      protocol: TCP
# The core and Keycloak.
- ports:
    {{- range .Values.networkPolicy.ports }}
    - port: {{ . }}
    {{- end }}
{{- if .Values.redis.enabled }}
- ports:
    - port: {{ .Values.redis.port }}
{{- end }}
# The collector of traces, where GATEWAY_TRACES is on.
- to:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: {{ .Values.networkPolicy.monitoring }}
  ports:
    - port: 4318
{{- end }}
