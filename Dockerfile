# Build: wheels from the lock file, with hashes. Nothing of this stage but the environment reaches the image.
FROM python:3.12-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/gateway
# `jobs` has Celery as well: --build-arg EXTRAS=jobs
ARG EXTRAS=traces
COPY deploy/lock/${EXTRAS}.txt /tmp/lock.txt
RUN /opt/gateway/bin/pip install --no-deps --require-hashes -r /tmp/lock.txt \
    && /opt/gateway/bin/pip uninstall --yes pip

# The same tree with the hot path compiled, for who runs in /srv/compiled (docs/operators/deploy.md).
FROM python:3.12-slim AS compile
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
RUN python -m venv /opt/compile
COPY deploy/lock/compile.txt /tmp/lock.txt
RUN /opt/compile/bin/pip install --no-deps --require-hashes -r /tmp/lock.txt
WORKDIR /src
COPY wsgi.py ./
COPY schemas ./schemas
COPY legacy_client ./legacy_client
COPY gateway ./gateway
COPY deploy/__init__.py deploy/compiled.py deploy/unlikely.h ./deploy/
RUN /opt/compile/bin/python -m deploy.compiled /srv/compiled

FROM python:3.12-slim
# Runs from the tree: `schemas` is too common a name for site-packages.
ENV PATH=/opt/gateway/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    GATEWAY_BIND=0.0.0.0:8000 \
    GATEWAY_STATE_DIR=/var/lib/gateway
RUN useradd --system --uid 10001 --home-dir /nonexistent gateway \
    && install --directory --owner=gateway --mode=0700 /var/lib/gateway
COPY --from=build /opt/gateway /opt/gateway
WORKDIR /srv
COPY wsgi.py ./
COPY schemas ./schemas
COPY legacy_client ./legacy_client
COPY gateway ./gateway
COPY --from=compile /srv/compiled ./compiled
USER 10001
# The root can be read-only: only the state directory and /dev/shm (worker heartbeats) are written.
VOLUME /var/lib/gateway
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/livez', timeout=2)"]
CMD ["gunicorn", "--config", "python:gateway.server", "--worker-tmp-dir", "/dev/shm", "wsgi:app"]
