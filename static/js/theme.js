/* Bootstrap's dark mode follows the system. Our own colours follow it without script (tokens.css), so nothing flashes. */
(function () {
  'use strict';
  var dark = window.matchMedia('(prefers-color-scheme: dark)');
  function follow() { document.documentElement.setAttribute('data-bs-theme', dark.matches ? 'dark' : 'light'); }
  follow();
  dark.addEventListener('change', follow);
}());
