// The scheme of the reader's system; Swagger UI knows its dark one by a class.
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

// What a screen reader or a keyboard needs and Swagger UI leaves out: names, one control in another, reach of what scrolls.
const names = { servers: "Server" };
function mend() {
  for (const select of document.querySelectorAll("select:not([aria-label])")) {
    select.setAttribute("aria-label", names[select.id] ?? (select.matches(".examples-select-element") ? "Example" : "Choice"));
  }
  for (const link of document.querySelectorAll("button a[href]")) link.removeAttribute("href");
  for (const text of document.querySelectorAll("pre.microlight:not([tabindex])")) text.tabIndex = 0;
}
new MutationObserver(mend).observe(document.getElementById("docs"), { childList: true, subtree: true, attributeFilter: ["href"] });

// An operation that refuses every browser has no button: its description has the reason, and a curl.
const serverOnly = () => ({
  statePlugins: {
    spec: {
      wrapSelectors: {
        allowTryItOutFor: (allow, system) => (state, path, method) =>
          allow(state, path, method) && !system.specSelectors.specJson().getIn(["paths", path, method, "x-server-only"]),
      },
    },
  },
});

SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#docs",
  plugins: [serverOnly],
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  docExpansion: "list",
  persistAuthorization: false,
  tryItOutEnabled: true,
  validatorUrl: null,
});
