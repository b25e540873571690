/** Draws what a benchmark has found, for people who would rather look. */
import { writeFileSync } from 'node:fs';
import { colors, drawSvg } from '../src/cli/svg-chart.js';

/** A title, and what the axis of values shows. */
interface Captions {
  readonly title: string;
  readonly unit: string;
}

/** One row of bars for each name, one bar in it for each series. */
export interface Bars extends Captions {
  readonly names: readonly string[];
  readonly series: readonly {
    readonly name: string;
    /** One for each name; undefined: there is none. */
    readonly values: readonly (number | undefined)[];
  }[];
  /** Of a single series: names whose bars are set apart. */
  readonly subjects?: readonly string[];
  /** True: equal lengths are equal ratios. */
  readonly isLogarithmic: boolean;
  /** A line that stands for "as fast as". */
  readonly line?: number;
}

/** Lines over a few values, which stand at equal distances. */
export interface Lines extends Captions {
  readonly xName: string;
  readonly x: readonly number[];
  readonly series: readonly { readonly name: string; readonly values: readonly number[] }[];
}

/** Of a bar; there is a gap between rows. */
const barHeight = 9;
const gapHeight = 9;
/** Title, legend, axis and its name. */
const aroundHeight = 130;

/**
 * Writes bars.
 *
 * @param path - Of the SVG file.
 * @param bars - What is drawn.
 */
export function plotBars(path: string, bars: Bars): void {
  const { names, series, subjects, isLogarithmic, line, title, unit } = bars;
  const svg = drawSvg(aroundHeight + names.length * (Math.max(2, series.length) * barHeight + gapHeight), {
    title: { text: title, top: 4, left: 'center', textStyle: { fontSize: 15 } },
    ...(series.length > 1 && { legend: { top: 32, itemGap: 32 } }),
    grid: { left: 215, right: 60, top: 64, bottom: 48 },
    xAxis: {
      type: isLogarithmic ? 'log' : 'value',
      name: unit,
      nameLocation: 'middle',
      nameGap: 28,
      axisLabel: { formatter: (value: number) => String(value) },
    },
    yAxis: { type: 'category', inverse: true, data: names },
    series: series.map(({ name, values }, index) => ({
      type: 'bar',
      name,
      data: values.map((value, at) => ({
        value: value ?? '-',
        itemStyle: { color: subjects?.includes(names[at] ?? '') === false ? '#888888' : colors[index] },
      })),
      itemStyle: { color: colors[index] },
      label: {
        // Of many bars the length says enough.
        show: series.length === 1,
        position: 'right',
        fontSize: 10,
        formatter: ({ value }: { value: number | '-' }) => (value === '-' ? '' : show(value)),
      },
      ...(line !== undefined && {
        markLine: {
          silent: true,
          symbol: 'none',
          label: { show: false },
          lineStyle: { color: '#000000' },
          data: [{ xAxis: line }],
        },
      }),
    })),
  });
  writeFileSync(path, svg);
}

/**
 * Writes lines.
 *
 * @param path - Of the SVG file.
 * @param lines - What is drawn.
 */
export function plotLines(path: string, lines: Lines): void {
  const { x, xName, series, title, unit } = lines;
  const svg = drawSvg(360, {
    title: { text: title, top: 4, left: 'center', textStyle: { fontSize: 15 } },
    legend: { top: 32, itemGap: 32 },
    grid: { left: 80, right: 40, top: 64, bottom: 52 },
    xAxis: {
      type: 'category',
      boundaryGap: false,
      name: xName,
      nameLocation: 'middle',
      nameGap: 28,
      data: x,
    },
    yAxis: { type: 'value', name: unit, nameLocation: 'middle', nameGap: 44, min: 0 },
    series: series.map(({ name, values }, index) => ({
      type: 'line',
      name,
      data: values,
      lineStyle: { width: index === 0 ? 3 : 1.5 },
      itemStyle: { color: colors[index % colors.length] },
    })),
  });
  writeFileSync(path, svg);
}

const show = (value: number): string => (value < 10 ? value.toFixed(2) : value.toFixed(0));
