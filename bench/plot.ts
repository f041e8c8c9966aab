/** A plot as SVG: hours on a logarithmic axis, a group of bars for each point. */
interface Bars {
  readonly hosts: number;
  readonly utilisation: number;
  readonly hours: readonly number[];
}

const COLOURS = ["#1b6ca8", "#e08e0b", "#7a9e3d", "#9c4f96", "#888888"];
const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP] = [960, 420, 60, 60, 50];

export function plot(points: readonly Bars[], names: readonly string[]): string {
  const most = Math.ceil(Math.log10(points.reduce((most, { hours }) => Math.max(most, ...hours), 1)));
  const height = (hours: number) => (Math.max(0, Math.log10(Math.max(hours, 1))) / most) * (HEIGHT - BOTTOM - TOP);
  const group = (WIDTH - LEFT) / points.length;
  const bar = (group * 0.8) / names.length;
  const text = (x: number, y: number, label: string, anchor = "middle") =>
    `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${label}</text>`;
  const bars = points.flatMap(({ hours, hosts, utilisation }, at) => [
    ...hours.map((value, way) => {
      const x = (LEFT + at * group + way * bar).toFixed(1);
      const y = (HEIGHT - BOTTOM - height(value)).toFixed(1);
      return `<rect x="${x}" y="${y}" width="${bar.toFixed(1)}" height="${height(value).toFixed(1)}" fill="${COLOURS[way]}"/>`;
    }),
    text(LEFT + at * group + group * 0.4, HEIGHT - BOTTOM + 18, `${hosts} hosts`),
    text(LEFT + at * group + group * 0.4, HEIGHT - BOTTOM + 34, `${Math.round(utilisation * 100)} % used`),
  ]);
  const axis = Array.from({ length: most + 1 }, (_, power) =>
    text(LEFT - 8, HEIGHT - BOTTOM - height(10 ** power) + 4, `${10 ** power} h`, "end"),
  );
  const legend = names.flatMap((name, way) => [
    `<rect x="${LEFT + way * 180}" y="14" width="12" height="12" fill="${COLOURS[way]}"/>`,
    text(LEFT + way * 180 + 18, 24, name, "start"),
  ]);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" font-family="sans-serif" font-size="11">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>`,
    ...legend,
    ...axis,
    ...bars,
    "</svg>\n",
  ].join("\n");
}
