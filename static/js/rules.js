/* The builder of rules. Extras only: without this file it works by its buttons. */
(function () {
  'use strict';
  /* Enter in the search for a fact adds the rule, and does not save the form */
  document.addEventListener('keydown', function (event) {
    if (event.key !== 'Enter' || !event.target.closest('[data-rule-find]')) { return; }
    event.preventDefault();
    if (event.target.value) { event.target.dispatchEvent(new Event('change', { bubbles: true })); }
  });

  /* what is typed into a value while the rows are on their way is not lost when they come */
  var sent = {}, typing = null;
  function isValue(control) { return control && /-value$/.test(control.name || '') && control.closest('[data-rule-rows]'); }
  document.addEventListener('htmx:beforeSend', function (event) {
    if (!event.target.closest('[data-rule-rows]')) { return; }
    sent = {};
    event.target.closest('[data-rule-rows]').querySelectorAll('[name$="-value"]').forEach(function (control) { sent[control.id] = control.value; });
  });
  document.addEventListener('htmx:beforeSwap', function (event) {
    var now = document.activeElement, asks = event.detail.requestConfig.elt;
    typing = null;
    /* after a press of a button the rows may be others */
    if (!event.detail.target.matches('[data-rule-rows]') || !asks.matches('select') || !isValue(now)) { return; }
    typing = { id: now.id, type: now.type, value: now.value, isNew: now.value !== sent[now.id], from: now.selectionStart, to: now.selectionEnd };
  });
  document.addEventListener('htmx:afterSwap', function (event) {
    var was = typing, now = was && document.getElementById(was.id);
    if (!event.detail.target.matches('[data-rule-rows]')) { return; }
    typing = null;
    if (!now || now.type !== was.type) { return; }
    if (was.isNew) { now.value = was.value; }
    now.focus();
    if (was.from !== null && now.setSelectionRange && now.type === 'text') { now.setSelectionRange(was.from, was.to); }
    else if (!was.isNew && now.select) { now.select(); }
    if (was.isNew) { now.dispatchEvent(new Event('input', { bubbles: true })); }
  });

  /* a newer question replaces an older one, which is no error to be told on the console */
  document.addEventListener('htmx:beforeSend', function (event) {
    var xhr = event.detail.xhr, ended = xhr.onabort, loud = console.error;
    if (!event.target.closest('[data-rule-builder]')) { return; }
    xhr.onabort = function () {
      console.error = function () {};
      try { ended.call(xhr); } finally { console.error = loud; }
    };
  });

  /* a stage that the admin panel adds to its form */
  document.addEventListener('formset:added', function (event) { if (window.htmx) { window.htmx.process(event.target); } });
}());
