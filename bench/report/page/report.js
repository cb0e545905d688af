'use strict';
// Draws the plots of the page, each from its own JSON, and again when the colours change.
(() => {
  const root = document.documentElement;
  const drawn = [];

  const colour = name => {
    const probe = document.createElement('i');
    probe.style.color = `var(--${name})`;
    document.body.append(probe);
    const value = getComputedStyle(probe).color;
    probe.remove();
    return value;
  };

  // Three digits that say something.
  const number = v => {
    if (v == null) return '–';
    const a = Math.abs(v);
    if (a >= 10000) return (v / 1000).toFixed(a >= 100000 ? 0 : 1) + ' k';
    if (a >= 100 || Number.isInteger(v)) return v.toFixed(0);
    return a >= 10 ? v.toFixed(1) : a >= 1 ? v.toFixed(2) : a === 0 ? '0' : a >= 0.01 ? v.toFixed(3) : v.toPrecision(1);
  };

  const percentile = nines => nines === 0 ? '0' : (100 * (1 - 10 ** -nines)).toFixed(Math.max(0, Math.round(nines) - 2)) + ' %';

  const draw = place => {
    const plot = JSON.parse(place.nextElementSibling.textContent);
    const ink = colour('soft'), line = colour('line');
    const axis = { stroke: ink, font: '12px system-ui, sans-serif', grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1, size: 4 } };
    const byPercentile = plot.kind === 'percentiles';
    const x = byPercentile
      ? { ...axis, values: (_, at) => at.map(percentile), splits: () => [0, 1, 2, 3, 4].filter(n => n <= plot.x.at(-1)) }
      : { ...axis, values: (_, at) => at.map(v => v + ' s') };
    const series = [{ label: byPercentile ? 'share' : 'time', value: (_, v) => v == null ? '–' : byPercentile ? percentile(v) : v.toFixed(1) + ' s' }];
    for (const [i, s] of plot.series.entries()) {
      series.push({
        label: s.name, stroke: colour('c' + (s.colour ?? i % 6)), width: 2, dash: s.dashed ? [5, 4] : undefined, spanGaps: true,
        points: { show: plot.x.length < 12, size: 5 }, value: (_, v) => v == null ? '–' : number(v) + ' ' + plot.unit,
      });
    }
    const options = {
      width: Math.max(240, place.clientWidth), height: 256, series,
      scales: { x: { time: false }, y: plot.log ? { distr: 3 } : { range: (_, low, high) => [Math.min(0, low), high > 0 ? high * 1.08 : 1] } },
      axes: [x, { ...axis, size: 56, values: (_, at) => at.map(v => v == null ? '' : number(v)) }],
      cursor: byPercentile ? {} : { sync: { key: plot.sync } },
      legend: { live: true },
    };
    place.replaceChildren();
    const u = new uPlot(options, [plot.x, ...plot.series.map(s => s.values)], place);
    const resized = new ResizeObserver(() => u.setSize({ width: Math.max(240, place.clientWidth), height: 256 }));
    resized.observe(place);
    drawn.push(() => { resized.disconnect(); u.destroy(); });
  };

  const drawAll = () => {
    while (drawn.length) drawn.pop()();
    document.querySelectorAll('.plot').forEach(draw);
  };

  const button = document.getElementById('scheme');
  const schemes = ['auto', 'light', 'dark'];
  const named = { auto: 'as the system', light: 'light', dark: 'dark' };
  button.hidden = false;
  button.addEventListener('click', () => {
    const next = schemes[(schemes.indexOf(root.dataset.scheme || 'auto') + 1) % schemes.length];
    root.dataset.scheme = next;
    button.textContent = 'Colours: ' + named[next];
    drawAll();
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll);
  drawAll();
})();
