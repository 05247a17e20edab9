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

  /* menus close by a click elsewhere and by Escape; whoever stood in one stands before it */
  function closeMenus(but) {
    all('details.menu[open]').forEach(function (menu) {
      if (menu === but) { return; }
      if (menu.contains(document.activeElement)) { first('summary', menu).focus(); }
      menu.open = false;
    });
  }
  document.addEventListener('click', function (event) { closeMenus(event.target.closest('details.menu')); });

  /* toasts: those without a choice leave by themselves */
  on('click', '[data-toast-close]', function (button) { button.closest('[data-toast]').remove(); });
  /* one that passes is there for ten seconds, and as long as somebody points at it or stands in it */
  function pass(toast) {
    var left = 10000, since = 0, timer = 0;
    function run() { clearTimeout(timer); since = Date.now(); timer = setTimeout(function () { toast.remove(); }, left); }
    function hold() { clearTimeout(timer); left = Math.max(1000, left - (Date.now() - since)); }
    ['mouseenter', 'focusin'].forEach(function (type) { toast.addEventListener(type, hold); });
    ['mouseleave', 'focusout'].forEach(function (type) { toast.addEventListener(type, run); });
    run();
  }
  function fade() {
    all('[data-toast]:not([data-timed])').forEach(function (toast) {
      toast.dataset.timed = 'yes';
      if (toast.dataset.toast === 'passes') { pass(toast); }
      else if (!first('form', toast)) { setTimeout(function () { toast.remove(); }, 8000); }
    });
  }
  fade();
  document.addEventListener('htmx:oobAfterSwap', fade);
  document.addEventListener('htmx:afterSettle', fade);

  /* what somebody has pressed and got no answer to is said, as a browser would; the log has sentences of its own */
  function unanswered(what, event) {
    var by = event.detail.requestConfig && event.detail.requestConfig.triggeringEvent, found = document.getElementById(what);
    if (!found || !by || !/^(click|submit|change)$/.test(by.type) || event.target.closest('form[data-draft]')) { return; }
    all('[data-unanswered]').forEach(function (toast) { toast.remove(); });
    first('#toasts').appendChild(found.content.cloneNode(true));
    fade();
  }
  document.addEventListener('htmx:sendError', unanswered.bind(null, 'unsent'));
  document.addEventListener('htmx:responseError', unanswered.bind(null, 'failed'));

  /* the menu of a phone is a dialog while it is open, and a dialog has a name */
  var side = first('#side');
  if (side) { side.addEventListener('show.bs.offcanvas', function () { side.setAttribute('aria-label', side.dataset.label); }); }

  /* keys: none fires while somebody types */
  var pending = false, acted = -1;
  function go(letter) { var link = first('[data-go="' + letter + '"]'); if (link) { link.click(); } }
  function move(step) {
    var rows = all('[data-row]');
    stand(rows, rows.indexOf(first('[data-row].is-cur')) + step);
  }
  function stand(rows, at) {
    if (!rows.length) { return; }
    var next = rows[Math.max(0, Math.min(rows.length - 1, at))];
    rows.forEach(function (row) { row.classList.remove('is-cur'); });
    next.classList.add('is-cur');
    first('a', next).focus({ preventScroll: true });
    next.scrollIntoView({ block: 'nearest' });
  }
  /* what the row under the keys offers: done, put off; a menu opens with its first field ready */
  function act(event) {
    var found = first('[data-row].is-cur [data-key="' + event.key + '"]');
    if (!found) { return; }
    event.preventDefault();
    acted = all('[data-row]').indexOf(found.closest('[data-row]'));
    found.click();
    var field = found.matches('summary') && first('input:not([type=hidden])', found.parentNode);
    if (field) { setTimeout(function () { field.focus(); }, 0); }
  }
  /* the list came anew without that row: the keys stand on the one after it */
  document.addEventListener('htmx:afterSettle', function () {
    if (acted < 0 || first('[data-row].is-cur') || document.activeElement !== document.body) { return; }
    stand(all('[data-row]'), acted);
    acted = -1;
  });
  /* the newest of the toasts with an Undo */
  function takeBack() { var undo = all('[data-toast] form button').pop(); if (undo) { undo.click(); } }
  document.addEventListener('keydown', function (event) {
    if (event.key === 'Escape') { closeMenus(null); }
    if (event.target.closest('input:not([type=checkbox]):not([type=radio]), textarea, select') || event.metaKey || event.ctrlKey || event.altKey || first('.modal.show')) { return; }
    if (pending) { pending = false; go(event.key); return; }
    if (event.key === '/') { event.preventDefault(); document.dispatchEvent(new Event('regulars:find')); }
    else if (event.key === 'g') { pending = true; }
    else if (event.key === 'l') { go('l!'); }
    else if (event.key === 'j') { move(1); }
    else if (event.key === 'k') { move(-1); }
    else if (event.key === 'd' || event.key === 's') { act(event); }
    else if (event.key === 'z') { takeBack(); }
  });
}());
