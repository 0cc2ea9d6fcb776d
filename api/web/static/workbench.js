"use strict";
(() => {
  const root = document.documentElement;
  const base = document.querySelector("meta[name=static]").content;

  // Colours: as the system has them, or as chosen; a cookie, so that the next page comes in them.
  const switched = (event) => {
    if (!event.target.matches("[data-theme-switch]")) { return; }
    const theme = event.target.value;
    root.dataset.theme = theme;
    const age = theme === "system" ? 0 : 31536000;
    document.cookie = `theme=${theme}; Path=/; Max-Age=${age}; SameSite=Lax`;
  };
  document.addEventListener("change", switched);
  const chosen = () => {
    for (const choice of document.querySelectorAll("[data-theme-switch]")) { choice.value = root.dataset.theme; }
  };
  chosen();

  // Faults of pieces of pages are told on top of the page.
  const notice = document.getElementById("notice");
  const tell = (title, detail = "") => {
    const words = document.createElement("p");
    const strong = document.createElement("b");
    strong.textContent = title;
    words.append(strong, detail ? ` ${detail}` : "");
    const close = document.createElement("button");
    close.type = "button";
    close.className = "plain";
    close.textContent = "Close";
    close.addEventListener("click", () => { notice.hidden = true; });
    notice.replaceChildren(words, close);
    notice.hidden = false;
  };
  let silent = false;
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr } = event.detail;
    if (!(xhr.getResponseHeader("content-type") || "").startsWith("application/problem+json")) { return; }
    event.detail.shouldSwap = false;
    const problem = JSON.parse(xhr.responseText);
    tell(problem.title, problem.detail || "");
  });
  document.addEventListener("htmx:sendError", () => {
    silent = true;
    tell("The service does not answer.", "It will be asked again; nothing that was sent is lost.");
  });
  document.addEventListener("htmx:afterOnLoad", () => {
    if (silent) { silent = false; notice.hidden = true; }
  });

  // Whoever has sent a form sees that it is under way, and sends it once.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method === "dialog" || form.target || form.dataset.again !== undefined) { return; }
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    const button = event.submitter;
    if (button) { button.setAttribute("aria-busy", "true"); }
  });
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) { return; }
    chosen();
    for (const form of document.querySelectorAll("form[data-sent]")) { delete form.dataset.sent; }
    for (const button of document.querySelectorAll("button[aria-busy]")) { button.removeAttribute("aria-busy"); }
  });

  // Charts: the scripts that draw come with the first one that is looked at. Vega's expressions are
  // interpreted, its styles are ours: the page allows neither eval nor styles written by scripts.
  const SCRIPTS = ["vega@6.4.0/vega.min.js", "vega-lite@6.4.1/vega-lite.min.js", "vega-embed@7.3.0/vega-embed.min.js"];
  let drawing = null;
  const fetched = (path) => new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = `${base}vendor/${path}`;
    script.async = false;
    script.addEventListener("load", done);
    script.addEventListener("error", () => failed(new Error(`${path} cannot be read`)));
    document.head.append(script);
  });
  const scripts = () => {
    drawing = drawing || Promise.all(SCRIPTS.map(fetched));
    return drawing;
  };
  const options = {
    mode: "vega-lite",
    renderer: "svg",
    ast: true,
    actions: false,
    defaultStyle: false,
    tooltip: { disableDefaultStyle: true },
  };
  const saved = (figure, view) => {
    const tools = document.createElement("p");
    tools.className = "tools";
    for (const kind of ["svg", "png"]) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "plain";
      button.textContent = `Save as ${kind.toUpperCase()}`;
      button.addEventListener("click", async () => {
        const link = document.createElement("a");
        link.href = await view.toImageURL(kind, kind === "png" ? 2 : 1);
        link.download = `${figure.dataset.title || figure.id}.${kind}`;
        link.click();
      });
      tools.append(button);
    }
    figure.querySelector(".tools")?.remove();
    figure.querySelector(".wide").after(tools);
  };
  const views = new WeakMap();
  const draw = async (figure) => {
    const place = figure.querySelector(".picture");
    const address = figure.dataset.chart;
    try {
      const [answer] = await Promise.all([fetch(address, { headers: { Accept: "application/json" } }), scripts()]);
      if (answer.status === 401) { window.location.reload(); return; }
      const spec = await answer.json();
      if (!answer.ok) { throw new Error([spec.title, spec.detail].filter(Boolean).join(" ")); }
      const target = document.createElement("div");
      views.get(figure)?.finalize();
      const { view, finalize } = await window.vegaEmbed(target, spec, options);
      views.set(figure, { view, finalize });
      place.replaceChildren(target);
      saved(figure, view);
      figure.dataset.drawn = address;
      figure.dispatchEvent(new CustomEvent("drawn", { bubbles: true, detail: { view } }));
    } catch (error) {
      const words = document.createElement("p");
      words.className = "waiting";
      words.textContent = `The chart cannot be drawn. ${error.message}`;
      place.replaceChildren(words);
      figure.dataset.failed = "yes";
    }
  };
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting) { seen.unobserve(entry.target); draw(entry.target); }
    }
  }, { rootMargin: "400px" });
  const charts = (within) => {
    for (const figure of within.querySelectorAll("figure[data-chart]:not([data-seen])")) {
      figure.dataset.seen = "yes";
      seen.observe(figure);
    }
  };
  charts(document);
  document.addEventListener("htmx:load", (event) => {
    const { elt } = event.detail;
    charts(elt.parentElement || elt);
  });
  // On paper everything is shown, also what was never scrolled to.
  window.addEventListener("beforeprint", () => {
    for (const figure of document.querySelectorAll("figure[data-chart]:not([data-drawn])")) {
      seen.unobserve(figure);
      draw(figure);
    }
  });

  // For the rooms' own scripts.
  window.workbench = { tell, draw, base };
})();
