// SPDX-License-Identifier: Apache-2.0
// Runs before the first paint, so that a dark page never flashes white. Kept out of index.html: the page allows no inline script.
(function () {
  var wanted = null;
  try {
    wanted = localStorage.getItem('facet.theme');
  } catch {
    wanted = null;
  }
  var dark = wanted === 'dark' || (wanted !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.classList.toggle('pf-v6-theme-dark', dark);
})();
