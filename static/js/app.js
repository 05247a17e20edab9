/* Extras only: every page works without this file. No inline handlers, no eval. */
(function () {
  'use strict';
  function first(selector, within) { return (within || document).querySelector(selector); }
  function all(selector) { return Array.prototype.slice.call(document.querySelectorAll(selector)); }
  function on(type, selector, act) {
    document.addEventListener(type, function (event) { var found = event.target.closest(selector); if (found) { act(found, event); } });
  }

  /* the theme changes at once and is remembered by the server */
  on('submit', '[data-theme-form]', function (form, event) {
    var root = document.documentElement;
    event.preventDefault();
    root.setAttribute('data-bs-theme', root.getAttribute('data-bs-theme') === 'dark' ? 'light' : 'dark');
    var body = new FormData(form);
    body.set('theme', root.getAttribute('data-bs-theme'));
    fetch(form.action, { method: 'POST', body: body, redirect: 'manual' });
  });

  /* menus close by a click elsewhere and by Escape */
  function closeMenus(but) { all('details.menu[open]').forEach(function (menu) { if (menu !== but) { menu.open = false; } }); }
  document.addEventListener('click', function (event) { closeMenus(event.target.closest('details.menu')); });

  /* toasts: those without a choice leave by themselves */
  on('click', '[data-toast-close]', function (button) { button.closest('[data-toast]').remove(); });
  function fade(within) {
    Array.prototype.forEach.call(within.querySelectorAll('[data-toast]'), function (toast) {
      if (!first('form', toast)) { setTimeout(function () { toast.remove(); }, 8000); }
    });
  }
  fade(document);
  document.addEventListener('htmx:oobAfterSwap', function (event) { fade(event.target); });

  /* the menu of a phone is a dialog while it is open, and a dialog has a name */
  var side = first('#side');
  if (side) { side.addEventListener('show.bs.offcanvas', function () { side.setAttribute('aria-label', side.dataset.label); }); }

  /* keys: none fires while somebody types */
  var pending = false;
  function go(letter) { var link = first('[data-go="' + letter + '"]'); if (link) { link.click(); } }
  function move(step) {
    var rows = all('[data-row]');
    if (!rows.length) { return; }
    var next = rows[Math.max(0, Math.min(rows.length - 1, rows.indexOf(first('[data-row].is-cur')) + step))];
    rows.forEach(function (row) { row.classList.remove('is-cur'); });
    next.classList.add('is-cur');
    first('a', next).focus({ preventScroll: true });
    next.scrollIntoView({ block: 'nearest' });
  }
  document.addEventListener('keydown', function (event) {
    if (event.key === 'Escape') { closeMenus(null); }
    if (event.target.closest('input:not([type=checkbox]):not([type=radio]), textarea, select') || event.metaKey || event.ctrlKey || event.altKey) { return; }
    if (pending) { pending = false; go(event.key); return; }
    if (event.key === '/') { var find = first('[data-find-page]') || first('[data-find]'); if (find) { event.preventDefault(); find.focus(); } }
    else if (event.key === 'g') { pending = true; }
    else if (event.key === 'l') { go('l!'); }
    else if (event.key === 'j') { move(1); }
    else if (event.key === 'k') { move(-1); }
  });
}());
