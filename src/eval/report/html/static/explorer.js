// The threshold explorer. Every count is one of the report's own; only rates and intervals are computed here.
(() => {
  'use strict';
  const form = document.getElementById('explorer-form');
  if (!form) return;
  const at = id => document.getElementById(`explorer-${id}`);
  const choices = JSON.parse(at('data').textContent);
  const [choice, slider, prevalence] = [at('choice'), at('threshold'), at('prevalence')];

  // Wilson's score interval, 95 %: the same formula as src/eval/intervals.
  const wilson = (k, n) => {
    if (n === 0) return null;
    const z = 1.959963984540054, p = k / n, scale = 1 + z * z / n;
    const centre = (p + z * z / (2 * n)) / scale;
    const half = z * Math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / scale;
    return { value: p, low: k === 0 ? 0 : Math.max(0, centre - half), high: k === n ? 1 : Math.min(1, centre + half) };
  };
  const share = r => r === null ? '–'
    : `${(100 * r.value).toFixed(1)} % [${(100 * r.low).toFixed(1)}–${(100 * r.high).toFixed(1)}]`;
  const grouped = n => String(n).replace(/\B(?=(\d{3})+$)/g, ',');
  // Bayes' rule: the share of what is flagged that is positive, when a share p of all posts is.
  const precisionAt = (p, recall, alarms) => {
    const right = p * recall, wrong = (1 - p) * alarms;
    return right + wrong === 0 ? null : right / (right + wrong);
  };

  const show = () => {
    const of = choices[choice.value];
    const index = of.points.length - 1 - slider.value;
    const [threshold, tp, fp] = of.points[index];
    const [fn, tn] = [of.positives - tp, of.negatives - fp];
    const [recall, alarms, precision] = [wilson(tp, of.positives), wilson(fp, of.negatives), wilson(tp, tp + fp)];
    for (const [id, n] of Object.entries({ tp, fp, fn, tn })) at(id).textContent = grouped(n);
    for (const [id, rate, n] of [['recall', recall, of.positives], ['fpr', alarms, of.negatives], ['precision', precision, tp + fp]]) {
      at(id).textContent = share(rate);
      at(`${id}-n`).textContent = grouped(n);
    }
    const p = Number(prevalence.value);
    const traffic = precisionAt(p, recall.value, alarms.value);
    at('traffic').textContent = share(traffic === null ? null : {
      value: traffic,
      low: precisionAt(p, recall.low, alarms.high) ?? 0,
      high: precisionAt(p, recall.high, alarms.low) ?? 1,
    });
    const right = 10000 * p * recall.value, flagged = right + 10000 * (1 - p) * alarms.value;
    const mark = index === of.shipped ? ', as shipped' : '';
    at('at').textContent = `${threshold.toFixed(4)}${mark}`;
    slider.setAttribute('aria-valuetext', `threshold ${threshold.toFixed(4)}${mark}`);
    const few = x => x < 10 ? x.toFixed(1) : grouped(Math.round(x));
    at('says').textContent = `Of 10,000 posts at ${prevalence.selectedOptions[0].textContent.trim()} positive, ${few(flagged)} go to review, `
      + `${few(right)} of them rightly; ${few(10000 * p - right)} are missed.`;
  };
  const ship = () => {
    const of = choices[choice.value];
    slider.max = of.points.length - 1;
    slider.value = of.points.length - 1 - of.shipped;
    show();
  };
  form.addEventListener('submit', event => event.preventDefault());
  choice.addEventListener('change', ship);
  at('reset').addEventListener('click', ship);
  slider.addEventListener('input', show);
  prevalence.addEventListener('change', show);
  form.hidden = false;
  ship();
})();
