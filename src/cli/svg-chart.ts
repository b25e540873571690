/** Draws a chart as SVG, with ECharts, which needs no browser for it. */
import { BarChart, LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, MarkLineComponent, TitleComponent } from 'echarts/components';
import { type EChartsCoreOption, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';

use([BarChart, LineChart, GridComponent, LegendComponent, MarkLineComponent, TitleComponent, SVGRenderer]);

const width = 860;

/** Okabe and Ito's colours, which those who don't see all colours tell apart, too; without their yellow. */
export const colors: readonly string[] = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#56b4e9',
  '#e69f00',
  '#000000',
  '#888888',
];

/**
 * Draws a chart on white, without animation.
 *
 * @param height - In pixels; it is 860 wide.
 * @param option - What ECharts is to draw.
 * @returns SVG.
 */
export function drawSvg(height: number, option: EChartsCoreOption): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    chart.setOption({ animation: false, backgroundColor: '#fff', ...option });
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}
