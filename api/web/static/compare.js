"use strict";
(() => {
  // The link with the address of this service in front.
  for (const place of document.querySelectorAll("[data-link]")) {
    place.value = new URL(place.dataset.link, window.location.href).href;
    place.addEventListener("focus", () => place.select());
  }
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) { return; }
    const place = document.getElementById(button.dataset.copy);
    const told = document.getElementById("copied");
    try {
      await navigator.clipboard.writeText(place.value);
      told.textContent = "Copied.";
    } catch {
      place.focus();
      told.textContent = "Selected: copy it with the keyboard.";
    }
  });

  // How many plans are chosen.
  const form = document.querySelector("form[action='/compare/plans']");
  const count = () => {
    const chosen = form.querySelectorAll("input[name=job]:checked").length;
    document.getElementById("picked").textContent = chosen ? `${chosen} chosen` : "";
  };
  if (form) { form.addEventListener("change", count); count(); }
})();
