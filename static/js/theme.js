/* Bootstrap's dark mode follows the attribute; where nobody has chosen (a cookie, read by the server) it follows the system.
   Our own colours follow the system without script (tokens.css), so nothing flashes. */
(function () {
  'use strict';
  var root = document.documentElement, dark = window.matchMedia('(prefers-color-scheme: dark)');
  if (root.hasAttribute('data-bs-theme')) { return; }
  function follow() { if (!/(^|; )theme=/.test(document.cookie)) { root.setAttribute('data-bs-theme', dark.matches ? 'dark' : 'light'); } }
  follow();
  dark.addEventListener('change', follow);
}());
