/* Finding anyone, from any page. Without this file the search in the menu leads to the list of customers. */
(function () {
  'use strict';
  var panel = document.getElementById('finder');
  if (!panel || !panel.showModal) { return; }
  var input = panel.querySelector('input'), list = panel.querySelector('.finder-list'), said = panel.querySelector('.finder-said');
  var asking = null, waiting = null, asked = '', wantsFirst = false;

  function options() { return Array.prototype.slice.call(list.querySelectorAll('[role=option]')); }
  function chosen() { return list.querySelector('[aria-selected=true]'); }
  function choose(option) {
    options().forEach(function (one) { one.setAttribute('aria-selected', one === option ? 'true' : 'false'); });
    if (option) { input.setAttribute('aria-activedescendant', option.id); option.scrollIntoView({ block: 'nearest' }); }
    else { input.removeAttribute('aria-activedescendant'); }
  }
  function show(html) {
    list.innerHTML = html;
    var words = list.querySelector('[data-find-said]');
    said.textContent = words ? words.textContent : '';
    if (words) { words.remove(); }
    if (!options().length) { list.textContent = ''; }
    input.setAttribute('aria-expanded', options().length ? 'true' : 'false');
    choose(options()[0] || null);
  }
  function forget() {
    clearTimeout(waiting);
    if (asking) { asking.abort(); }
    asking = null;
  }
  function ask() {
    var q = input.value.trim();
    forget();
    if (q === asked) { return; }
    asked = q;
    if (!q) { show(''); return; }
    var mine = asking = new AbortController();
    fetch(panel.dataset.findUrl + '?q=' + encodeURIComponent(q), { signal: mine.signal, headers: { 'HX-Request': 'true' }, redirect: 'error' })
      .then(function (answer) {
        if (answer.status === 204) { return null; }
        if (!answer.ok) { throw new Error(); }
        return answer.text();
      })
      .then(function (html) {
        if (asking !== mine) { return; }
        asking = null;
        /* somebody asks in another tab */
        if (html === null) { asked = ''; return; }
        show(html);
        if (wantsFirst) { wantsFirst = false; go(); }
      })
      .catch(function () {
        if (asking !== mine) { return; }
        asking = null; asked = ''; wantsFirst = false;
        show('');
        said.textContent = panel.dataset.failed;
      });
  }
  function go() { if (chosen()) { chosen().click(); } }
  function open() {
    if (document.querySelector('dialog[open]')) { return; }
    panel.showModal();
    input.focus();
    input.select();
  }

  input.addEventListener('input', function () { wantsFirst = false; clearTimeout(waiting); waiting = setTimeout(ask, 120); });
  input.addEventListener('keydown', function (event) {
    var all = options(), at = all.indexOf(chosen());
    if (event.isComposing) { return; }
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (all.length) { choose(all[(at + (event.key === 'ArrowDown' ? 1 : -1) + all.length) % all.length]); }
    }
  });
  /* Enter before the answers are there opens the first of them when they are */
  panel.querySelector('form').addEventListener('submit', function (event) {
    event.preventDefault();
    if (!input.value.trim()) { return; }
    if (input.value.trim() !== asked) { ask(); }
    if (asking) { wantsFirst = true; said.textContent = panel.dataset.busy; } else { go(); }
  });
  panel.addEventListener('close', function () { forget(); asked = ''; wantsFirst = false; });
  panel.addEventListener('click', function (event) { if (event.target === panel || event.target.closest('[data-find-close]')) { panel.close(); } });
  document.addEventListener('click', function (event) {
    if (event.target.closest('[data-find-open]') && !event.ctrlKey && !event.metaKey) { event.preventDefault(); open(); }
  });
  document.addEventListener('regulars:find', open);
}());
