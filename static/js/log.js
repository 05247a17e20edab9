/* Logging: the dialog that opens everywhere, drafts, and what is sent when the connection is back. Without this file the links lead to a page. */
(function () {
  'use strict';
  var modal = document.getElementById('log'), inside = document.getElementById('log-in');
  var FIELDS = ['text', 'kind', 'minutes', 'direction', 'follow_up', 'incident', 'incident_cause', 'topic', 'waits', 'who', 'customer', 'key'];
  var AGAIN = 10000;
  function first(selector, within) { return (within || document).querySelector(selector); }
  function forms() { return Array.prototype.slice.call(document.querySelectorAll('form[data-draft]')); }

  /* drafts: one for each person and customer, and one for the dialog */
  function name(form) { return 'draft:' + form.dataset.draft; }
  function stored(form) { try { return JSON.parse(localStorage.getItem(name(form))); } catch (error) { return null; } }
  function remove(key) { try { localStorage.removeItem(key); } catch (error) { /* a browser that keeps nothing */ } }
  function store(form, said) { try { localStorage.setItem(name(form), JSON.stringify(said)); } catch (error) { /* full, or forbidden */ } }
  function keep(form) {
    /* a browser tells of a change once more when it takes the field away */
    if (form.dataset.ready === 'logged') { return; }
    var said = {}, data = new FormData(form);
    FIELDS.forEach(function (field) { if (data.get(field)) { said[field] = data.get(field); } });
    if (!(said.text || said.incident_cause)) { delete form.dataset.tried; remove(name(form)); return; }
    if (form.dataset.tried) { said.tried = form.dataset.tried; }
    store(form, said);
  }
  function show(form, what, seen) { var found = first('[data-' + what + ']', form); if (found) { found.hidden = !seen; } }
  function restore(form, said) {
    FIELDS.forEach(function (field) {
      var control = form.elements[field];
      if (!control || said[field] === undefined || field === 'customer') { return; }
      if (control.type === 'checkbox') { control.checked = true; } else { control.value = said[field]; }
    });
    first('.log-more', form).open = Boolean(said.follow_up || said.direction || said.incident || said.incident_cause);
    if (first('.enquiry', form)) { first('.enquiry', form).open = Boolean(said.topic || said.waits); }
    if (first('#log-who', form) && said.who) {
      htmx.ajax('GET', form.getAttribute('action') + '?' + new URLSearchParams({ who: said.who, customer: said.customer || '' }), { target: '#log-found', swap: 'outerHTML' });
    }
    show(form, 'draft-note', true);
  }
  function prepare(form) {
    if (form.dataset.ready) { return; }
    form.dataset.ready = 'yes';
    form.dataset.freshKey = form.elements.key.value;
    var said = stored(form);
    if (said && said.tried) { form.dataset.tried = said.tried; }
    /* What the server sent back with a word on it is what somebody has just written. */
    if (said && !form.elements.text.value && !first('[role=alert]', form)) { restore(form, said); }
  }
  document.addEventListener('input', function (event) {
    var form = event.target.closest('form[data-draft]');
    if (!form) { return; }
    /* what somebody writes anew has not been sent in vain yet, and did not happen then */
    if (event.isTrusted) { delete form.dataset.tried; }
    keep(form);
  });
  document.addEventListener('change', function (event) { var form = event.target.closest('form[data-draft]'); if (form) { keep(form); } });
  document.addEventListener('click', function (event) {
    var away = event.target.closest('[data-draft-away]'), form = away && away.closest('form');
    if (!form) { return; }
    remove(name(form));
    delete form.dataset.tried;
    form.reset();
    form.elements.key.value = form.dataset.freshKey;
    if (first('#log-found', form)) { first('#log-found', form).replaceChildren(); }
    show(form, 'draft-note', false);
    form.elements.text.focus();
  });
  document.addEventListener('submit', function (event) {
    var user = event.target.dataset.signOut;
    if (!user) { return; }
    Object.keys(localStorage).forEach(function (key) { if (key.indexOf('draft:' + user + ':') === 0) { remove(key); } });
  });

  /* the dialog */
  var opener = null, typed = '', loading = false;
  function dialog() { return bootstrap.Modal.getOrCreateInstance(modal); }
  function begin() {
    var form = first('form', inside), who = form && form.elements.who;
    if (!form) { return; }
    var isKnown = who.value && !first('[role=alert]', form) && first('#log-found :checked', form), next = isKnown ? form.elements.text : who;
    if (typed) { next.value = isKnown ? next.value + typed : typed; next.dispatchEvent(new Event('input', { bubbles: true })); typed = ''; }
    next.focus();
  }
  document.addEventListener('click', function (event) {
    var link = event.target.closest('[data-log]');
    if (!link || !window.bootstrap || !window.htmx || event.ctrlKey || event.metaKey || event.shiftKey) { return; }
    event.preventDefault();
    opener = event.detail ? link : document.activeElement;
    typed = '';
    loading = true;
    inside.replaceChildren(first('#log-waits').content.cloneNode(true));
    dialog().show();
    htmx.ajax('GET', link.getAttribute('href'), { target: inside, swap: 'innerHTML' });
  });
  if (modal) {
    modal.addEventListener('hidden.bs.modal', function () {
      loading = false;
      inside.replaceChildren();
      if (opener && opener !== document.body && opener.getClientRects().length) { opener.focus(); }
    });
  }
  /* what is typed before the form is there belongs to whom it is about, or, where that is known, to what happened */
  document.addEventListener('keydown', function (event) {
    if (loading && event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) { typed += event.key; event.preventDefault(); event.stopPropagation(); }
  }, true);

  /* by keyboard: from whom to what, and logged */
  function choose(who) {
    var found = first('#log-found'), chosen = first('#log-found :checked') || first('#log-found input');
    if (chosen && found.dataset.words === who.value.trim()) { chosen.checked = true; keep(who.form); }
    who.form.elements.text.focus();
  }
  document.addEventListener('keydown', function (event) {
    var at = event.target, form = at.closest('form[data-draft], form.log-page');
    if (!form) { return; }
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) { event.preventDefault(); form.requestSubmit(); return; }
    if (!form.closest('#log') || event.isComposing) { return; }
    if (event.key === 'Enter' && at.name === 'who') { event.preventDefault(); choose(at); }
    else if (event.key === 'Enter' && at.name === 'customer') { event.preventDefault(); at.checked = true; form.elements.text.focus(); }
    else if (event.key === 'ArrowDown' && at.name === 'who' && first('#log-found input')) {
      event.preventDefault();
      var next = first('#log-found :checked') || first('#log-found input');
      next.checked = true;
      next.focus();
    }
  });

  /* sending: what does not get through stays, and goes again with the same key */
  function again(form) { if (form.isConnected && form.dataset.unsent) { htmx.trigger(form, 'submit'); } }
  /* one sentence at a time, of those that stand ready in the form, or where it is waited for */
  function tell(within, what) {
    ['unsent', 'failed', 'refused', 'signed-out', 'unfound'].forEach(function (one) { show(within, one, one === what); });
    var seen = what && first('[data-' + what + ']', within);
    if (seen) { seen.scrollIntoView({ block: 'nearest' }); }
  }
  function inVain(event, what) {
    var form = event.target.closest('form[data-draft]');
    if (!form) {
      if (event.target === inside || event.detail.target === inside) {
        loading = false;
        document.querySelectorAll('#log-in .skel').forEach(function (line) { line.remove(); });
        tell(inside, what);
      }
      return;
    }
    if (form !== event.target) { tell(form, what === 'signed-out' || what === 'refused' ? what : 'unfound'); return; }
    /* what is sent later happened now */
    form.dataset.tried = form.dataset.tried || Date.now();
    keep(form);
    if (what === 'unsent') {
      form.dataset.unsent = 'yes';
      setTimeout(function () { if (navigator.onLine) { again(form); } }, AGAIN);
    } else { delete form.dataset.unsent; }
    tell(form, what);
  }
  document.addEventListener('htmx:configRequest', function (event) {
    var form = event.target;
    if (!form.matches('form[data-draft]')) { return; }
    form.dataset.sent = form.elements.text.value;
    if (form.dataset.tried) { event.detail.parameters.seconds_ago = Math.max(0, Math.round((Date.now() - form.dataset.tried) / 1000)); }
  });
  document.addEventListener('htmx:beforeRequest', function (event) {
    var form = event.target.closest('form[data-draft]');
    if (form) { tell(form, form.dataset.unsent ? 'unsent' : ''); }
  });
  document.addEventListener('htmx:sendError', function (event) { inVain(event, 'unsent'); });
  window.addEventListener('online', function () { forms().forEach(again); });
  document.addEventListener('htmx:responseError', function (event) { inVain(event, event.detail.xhr.status === 403 ? 'refused' : 'failed'); });
  /* who is not signed in any more is told to read the page anew, which leads to the login: here they are asked first */
  document.addEventListener('htmx:beforeOnLoad', function (event) {
    var isOurs = event.target.closest('form[data-draft]') || event.target === inside || event.detail.target === inside;
    var isLogged = event.detail.xhr.getResponseHeader('HX-Trigger');
    if (isOurs && !isLogged && event.detail.xhr.getResponseHeader('HX-Refresh')) { event.preventDefault(); inVain(event, 'signed-out'); }
  });
  document.addEventListener('logged', function (event) {
    var form = event.target;
    if (!form.matches('form[data-draft]')) { return; }
    form.dataset.ready = 'logged';
    remove(name(form));
    /* what was written on while it was on its way begins the next one */
    var sent = form.dataset.sent, now = form.elements.text.value, rest = now.indexOf(sent) === 0 ? now.slice(sent.length).trim() : '';
    if (rest) { store(form, { text: rest }); }
    /* htmx puts the answer in from where the form stands: it goes after that */
    if (modal.contains(form)) { setTimeout(function () { dialog().hide(); }, 0); }
  });
  document.addEventListener('htmx:afterSettle', function (event) {
    forms().forEach(prepare);
    if (event.target === inside || event.detail.target === inside) { loading = false; begin(); }
  });
  forms().forEach(prepare);
}());
