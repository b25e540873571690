/** Draws the curves of an experiment. */
import type { CurvePoint, KindSummary } from '../index.js';
import { colors, drawSvg } from './svg-chart.js';

/**
 * Lines over time with their confidence intervals, one for each policy.
 *
 * @param kinds - Of one program on one ladder.
 * @param pick - The curve.
 * @param unit - What the vertical axis shows.
 * @returns SVG; '' if there is nothing to draw.
 */
export function curvesSvg(
  kinds: readonly KindSummary[],
  pick: (kind: KindSummary) => readonly CurvePoint[],
  unit: string,
): string {
  const drawn = kinds.filter((kind) => pick(kind).length > 0);
  if (drawn.length === 0) return '';
  const series = drawn.flatMap((kind, index) => {
    const points = pick(kind);
    const color = colors[index % colors.length];
    const at = (value: (point: CurvePoint) => number): number[][] =>
      points.map((point) => [point.atMs / 1000, value(point)]);
    const band = {
      type: 'line',
      stack: kind.policy,
      symbol: 'none',
      silent: true,
      lineStyle: { opacity: 0 },
    };
    return [
      // The interval: its lower end, and on top of it, filled, its width.
      { ...band, data: at(({ low }) => low) },
      { ...band, data: at(({ low, high }) => high - low), areaStyle: { color, opacity: 0.15 } },
      {
        type: 'line',
        name: kind.policy,
        symbol: 'none',
        data: at(({ mean }) => mean),
        lineStyle: { color, width: 1.5 },
        itemStyle: { color },
      },
    ];
  });
  return drawSvg(300, {
    legend: { data: drawn.map(({ policy }) => policy), top: 0 },
    grid: { left: 80, right: 20, top: 36, bottom: 44 },
    xAxis: { type: 'value', name: 's since main was called', nameLocation: 'middle', nameGap: 28 },
    yAxis: { type: 'value', name: unit, min: 0 },
    series,
  });
}

/**
 * Bars of the shares of the time in each tier, one for each policy.
 *
 * @param kinds - Of one program on one ladder.
 * @param places - The tiers, lowest first, and whatever else there is.
 * @returns SVG.
 */
export function tiersSvg(kinds: readonly KindSummary[], places: readonly string[]): string {
  return drawSvg(60 + 34 * kinds.length, {
    legend: { data: places, top: 0 },
    grid: { left: 110, right: 20, top: 30, bottom: 28 },
    xAxis: { type: 'value', min: 0, max: 100, axisLabel: { formatter: '{value} %' } },
    yAxis: { type: 'category', inverse: true, data: kinds.map(({ policy }) => policy) },
    series: places.map((place, index) => ({
      type: 'bar',
      name: place,
      stack: 'all',
      data: kinds.map(({ timeByTier }) => 100 * (timeByTier[place] ?? 0)),
      itemStyle: { color: colors[index % colors.length] },
    })),
  });
}
