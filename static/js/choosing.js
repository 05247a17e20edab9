/* Customers chosen in the list: the bar over its head, `x` and Escape. Without this file a button under the list does. */
(function () {
  'use strict';
  function boxes() { return Array.prototype.slice.call(document.querySelectorAll('[data-row-check]')); }
  function sync() {
    var bar = document.querySelector('[data-bulk]'), all = document.querySelector('[data-check-all]');
    if (!bar) { return; }
    var rows = boxes(), chosen = rows.filter(function (box) { return box.checked; }).length;
    rows.forEach(function (box) { box.closest('tr').classList.toggle('is-sel', box.checked); });
    all.checked = chosen > 0 && chosen === rows.length;
    all.indeterminate = chosen > 0 && chosen < rows.length;
    bar.hidden = chosen === 0;
    bar.querySelector('[data-bulk-count]').textContent = chosen;
  }
  function set(checked) { boxes().forEach(function (box) { box.checked = checked; }); sync(); }
  document.addEventListener('change', function (event) {
    if (event.target.matches('[data-row-check]')) { sync(); }
    if (event.target.matches('[data-check-all]')) { set(event.target.checked); }
  });
  document.addEventListener('click', function (event) { if (event.target.closest('[data-clear-sel]')) { set(false); } });
  document.addEventListener('htmx:afterSwap', sync);
  document.addEventListener('keydown', function (event) {
    if (event.target.closest('input:not([type=checkbox]), textarea, select') || event.metaKey || event.ctrlKey || event.altKey) { return; }
    if (event.key === 'Escape' && boxes().some(function (box) { return box.checked; })) { set(false); }
    if (event.key === 'x') {
      var row = document.querySelector('[data-row].is-cur'), box = row && row.querySelector('[data-row-check]');
      if (box) { box.checked = !box.checked; sync(); }
    }
  });
  /* a page that the browser goes back to keeps its ticks */
  window.addEventListener('pageshow', sync);
}());
