/* How htmx behaves, on our pages and in the admin panel: within the policy, and what comes is alive as soon as it is seen. */
(function () {
  'use strict';
  if (!window.htmx) { return; }
  Object.assign(window.htmx.config, {
    includeIndicatorStyles: false,
    allowEval: false,
    selfRequestsOnly: true,
    historyCacheSize: 0,
    /* For its 20 ms a form that has come was one that htmx did not know of: its search found nobody, and the focus was taken while somebody typed. */
    defaultSettleDelay: 0
  });

  /* where the keyboard goes on: on a page that stands already the browser does not follow its own autofocus; whoever writes elsewhere by now goes on there */
  document.addEventListener('htmx:afterSettle', function (event) {
    var next = event.target.querySelector('[data-focus]'), at = document.activeElement;
    if (next && (event.target.contains(at) || !at.matches('input, textarea, select'))) { next.focus(); }
  });
}());
