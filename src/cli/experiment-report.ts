/** The report of an experiment: one HTML file with all plots in it, that needs nothing else. */
import {
  type Estimate,
  type Experiment,
  type FigureName,
  type KindSummary,
  summarize,
  type TrialTrace,
} from '../index.js';
import { curvesSvg, tiersSvg } from './experiment-charts.js';
import { version } from './version.js';

const style = `
body { font: 15px/1.45 system-ui, sans-serif; max-width: 900px; margin: 2em auto; padding: 0 1em; color: #111; }
table { border-collapse: collapse; margin: 1em 0; font-variant-numeric: tabular-nums; }
th, td { padding: .25em .7em; border-bottom: 1px solid #ccc; text-align: right; vertical-align: top; }
th:first-child, td:first-child { text-align: left; }
small { color: #555; display: block; }
svg { max-width: 100%; height: auto; }
`;

/** Columns of the table: which figure, its head, and how it is written. */
const columns: readonly (readonly [FigureName, string, (value: number) => string])[] = [
  ['totalMs', 'total, ms', (value) => value.toFixed(0)],
  ['warmUpMs', 'to 90% of peak, ms', (value) => value.toFixed(0)],
  ['peak', 'peak, marks/s', (value) => value.toPrecision(4)],
  ['compileMs', 'compiling, ms', (value) => value.toFixed(0)],
  ['versions', 'versions', (value) => value.toFixed(0)],
  ['rolledBack', 'rolled back', (value) => value.toFixed(1)],
  ['codeBytes', 'most code, KiB', (value) => (value / 1024).toFixed(0)],
  ['queueLength', 'longest queue', (value) => value.toFixed(0)],
];

/**
 * Makes the report.
 *
 * @param experiment - What was run.
 * @param traces - Of all trials.
 * @returns HTML.
 */
export function reportHtml(experiment: Experiment, traces: readonly TrialTrace[]): string {
  const groups = new Map<string, KindSummary[]>();
  for (const kind of summarize(traces)) {
    const key = JSON.stringify([kind.program, kind.tiers]);
    groups.set(key, [...(groups.get(key) ?? []), kind]);
  }
  const ladders = new Map(traces.map(({ trial }) => [trial.order.tiers, trial.ladder]));
  const title = escaped(experiment.name);
  const sections = Array.from(groups.values(), (kinds) =>
    section(kinds, ladders.get(kinds[0]?.tiers ?? '') ?? []),
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${title}</title><style>${style}</style></head><body>
<h1>${title}</h1>
<p>tierlink ${escaped(version)}, ${String(traces.length)} trials. Figures are means; below them is the 95% confidence
interval of the mean (bootstrap, percentiles), which the bands of the plots show, too. Times are since <code>main</code>
was called.</p>
${sections.join('\n')}
</body></html>
`;
}

function section(kinds: readonly KindSummary[], ladder: readonly string[]): string {
  const [first] = kinds;
  const measured = new Set(kinds.flatMap(({ timeByTier }) => Object.keys(timeByTier)));
  const places = [
    ...ladder.filter((tier) => measured.has(tier)),
    ...[...measured].filter((place) => !ladder.includes(place)),
  ];
  const plots: readonly (readonly [string, string])[] = [
    ['Warm-up: throughput', curvesSvg(kinds, (kind) => kind.throughput, 'marks/s')],
    ['Time in each tier', places.length === 0 ? '' : tiersSvg(kinds, places)],
    ['Compile queue', curvesSvg(kinds, (kind) => kind.queue, 'jobs')],
    ['Code', curvesSvg(kinds, (kind) => kind.code, 'bytes')],
  ];
  const drawn = plots.filter(([, svg]) => svg !== '').map(([name, svg]) => `<h3>${name}</h3>\n${svg}`);
  return `<h2>${escaped(first?.program ?? '')} on ${escaped(first?.tiers ?? '')}: ${escaped(ladder.join(', '))}</h2>
${table(kinds)}
${drawn.join('\n')}`;
}

function table(kinds: readonly KindSummary[]): string {
  const shown = columns.filter(([name]) => kinds.some(({ figures }) => figures[name] !== null));
  const head = shown.map(([, text]) => `<th>${text}</th>`).join('');
  const rows = kinds.map(({ policy, figures, trials, broken }) => {
    const cells = shown.map(([name, , write]) => `<td>${estimated(figures[name], write)}</td>`).join('');
    const count = broken === 0 ? String(trials) : `${String(trials)}, and ${String(broken)} broken`;
    return `<tr><td>${escaped(policy)}</td><td>${count}</td>${cells}</tr>`;
  });
  return `<table><tr><th>policy</th><th>trials</th>${head}</tr>\n${rows.join('\n')}</table>`;
}

function estimated(value: Estimate | null, write: (value: number) => string): string {
  if (value === null) return '';
  const { mean, low, high } = value;
  return `${write(mean)}<small>${write(low)} to ${write(high)}</small>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${String(character.charCodeAt(0))};`);
}
