"use strict";
(() => {
  // The pictures in the page are complete; where scripts run they get tooltips and a menu to save them.
  const specs = JSON.parse(document.getElementById("specs").textContent);
  const options = { mode: "vega-lite", renderer: "svg", actions: { export: true, source: false, compiled: false, editor: false } };
  const draw = (place) => {
    const target = document.createElement("div");
    window.vegaEmbed(target, specs[place.dataset.spec], options).then(
      () => place.replaceChildren(target),
      (error) => console.error(place.dataset.spec, error),
    );
  };
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting) { seen.unobserve(entry.target); draw(entry.target); }
    }
  }, { rootMargin: "400px" });
  for (const place of document.querySelectorAll("[data-spec]")) { seen.observe(place); }
})();
