'use strict';
for (const part of document.querySelectorAll('.scripted')) part.hidden = false;

const filter = document.getElementById('filter');
const lines = [...document.querySelectorAll('.source > li')];
function show() {
  const wanted = new FormData(filter).get('lines');
  let shown = 0;
  for (const line of lines) {
    const kinds = line.dataset.kinds.split(' ').filter(kind => kind);
    const it = !wanted || (wanted === 'any' ? kinds.some(kind => kind !== 'unreached') : kinds.includes(wanted));
    line.hidden = !it;
    shown += it ? 1 : 0;
  }
  document.getElementById('shown').textContent = `${shown} of ${lines.length} lines`;
}
function all(open) {
  for (const details of document.querySelectorAll('.file, .source > li:not([hidden]) > details')) details.open = open;
}
filter.addEventListener('input', show);
filter.addEventListener('submit', event => event.preventDefault());
filter.querySelector('[data-to=open]').addEventListener('click', () => all(true));
filter.querySelector('[data-to=close]').addEventListener('click', () => all(false));
show();

// What is jumped to is opened, with all around it.
function follow() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  target.hidden = false;
  const inside = target.querySelector(':scope > details');
  if (inside) inside.open = true;
  for (let around = target; around; around = around.parentElement) if (around.tagName === 'DETAILS') around.open = true;
  target.scrollIntoView({block: 'nearest'});
}
addEventListener('hashchange', follow);
follow();
