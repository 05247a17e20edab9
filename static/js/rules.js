/* The builder of rules. Extras only: without this file it works by its buttons. */
(function () {
  'use strict';
  /* In the admin panel nothing else has told htmx to keep to the policy; on our pages the meta element says the same. */
  if (window.htmx) { Object.assign(window.htmx.config, { includeIndicatorStyles: false, allowEval: false, selfRequestsOnly: true, historyCacheSize: 0 }); }

  /* Enter in the search for a fact adds the rule, and does not save the form */
  document.addEventListener('keydown', function (event) {
    if (event.key !== 'Enter' || !event.target.closest('[data-rule-find]')) { return; }
    event.preventDefault();
    if (event.target.value) { event.target.dispatchEvent(new Event('change', { bubbles: true })); }
  });

  /* where the keyboard goes after a press: the new row, or the button that adds one */
  document.addEventListener('htmx:afterSettle', function (event) {
    var next = event.target.matches('[data-rule-rows]') && event.target.querySelector('[data-rule-focus]');
    if (next) { next.focus(); }
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
