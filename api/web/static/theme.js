"use strict";
// Before anything is painted: pages that come from the browser's own memory have the theme of today, too.
(() => {
  const found = /(?:^|; )theme=(light|dark)(?:;|$)/.exec(document.cookie);
  document.documentElement.dataset.theme = found ? found[1] : "system";
})();
