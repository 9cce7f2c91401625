'use strict';
for (const part of document.querySelectorAll('.scripted')) part.hidden = false;

const filter = document.getElementById('filter');
const rows = [...document.querySelectorAll('#table tbody tr')];
function show() {
  const wanted = new FormData(filter);
  const text = wanted.get('text').toLowerCase();
  const fits = (row, what) => !wanted.get(what) || row.dataset[what] === wanted.get(what);
  let shown = 0;
  for (const row of rows) {
    const it = ['subject', 'method', 'verdict'].every(what => fits(row, what)) &&
      row.textContent.toLowerCase().includes(text);
    row.hidden = !it;
    shown += it ? 1 : 0;
  }
  document.getElementById('shown').textContent = `${shown} of ${rows.length} claims`;
}
filter.addEventListener('input', show);
filter.addEventListener('submit', event => event.preventDefault());
show();

for (const drawing of document.querySelectorAll('.counterexample .steps')) {
  const steps = [...drawing.querySelectorAll('.step')];
  const button = to => drawing.querySelector(`[data-to=${to}]`);
  const said = drawing.querySelector('.player output');
  const words = [...new Set(steps.map(step => step.dataset.word).filter(word => word))];
  const lanes = [...drawing.querySelectorAll('.lane')];
  let at = -1;
  let timer = 0;

  function cells(table, lines) {
    table.tBodies[0].replaceChildren(...lines.map(([name, value, changed]) => {
      const row = document.createElement('tr');
      const head = document.createElement('th');
      head.scope = 'row';
      head.textContent = name;
      const cell = document.createElement('td');
      cell.textContent = value;
      if (changed) cell.className = 'changed';
      row.append(head, cell);
      return row;
    }));
  }

  // What was read tells what was there before, too.
  function value(word) {
    let known = '';
    for (const step of steps.slice(0, at + 1)) {
      if (step.dataset.word !== word || step.dataset.op.startsWith('futex_w')) continue;
      known = step.dataset.after || known || step.dataset.before;
    }
    if (known) return known;
    const later = steps.find(step => step.dataset.word === word && step.dataset.before);
    return later ? later.dataset.before : '?';
  }

  function where(process) {
    const done = steps.slice(0, at + 1).filter(step => step.dataset.process === process);
    const last = done.at(-1);
    if (!last) return 'has not begun';
    const doing = `${last.dataset.op} ${last.dataset.word}`.trim();
    return last.dataset.site ? `${doing}, ${last.dataset.site}` : doing;
  }

  function go(to) {
    at = Math.max(-1, Math.min(steps.length - 1, to));
    steps.forEach((step, index) => {
      step.classList.toggle('now', index === at);
      step.classList.toggle('ahead', at >= 0 && index > at);
    });
    const now = steps[at];
    const data = now ? now.dataset : {};
    cells(drawing.querySelector('.memory'), words.map(word => [word, value(word), word === data.word && data.after]));
    cells(drawing.querySelector('.where'), lanes.map(lane => [
      lane.textContent, where(lane.dataset.process), lane.dataset.process === data.process]));
    said.textContent = now ? `Step ${at + 1} of ${steps.length}` : `${steps.length} steps, at the beginning`;
    if (now) now.scrollIntoView({block: 'nearest', inline: 'nearest'});
  }

  function play(on) {
    clearInterval(timer);
    timer = on ? setInterval(() => at < steps.length - 1 ? go(at + 1) : play(false), 900) : 0;
    button('play').textContent = on ? 'Pause' : 'Play';
    button('play').setAttribute('aria-pressed', String(on));
  }

  button('first').addEventListener('click', () => { play(false); go(-1); });
  button('previous').addEventListener('click', () => { play(false); go(at - 1); });
  button('next').addEventListener('click', () => { play(false); go(at + 1); });
  button('play').addEventListener('click', () => play(!timer));
  steps.forEach((step, index) => step.addEventListener('click', () => { play(false); go(index); }));
  go(-1);
}
function follow() {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  const steps = target && target.querySelector('.steps');
  if (steps) steps.open = true;
}
addEventListener('hashchange', follow);
follow();
