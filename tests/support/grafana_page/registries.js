// What Grafana's core registers and its libraries expect to find: options of fields, transformations.
import { standardFieldConfigEditorRegistry, standardTransformers, standardTransformersRegistry } from '@grafana/data';

const STANDARD = [
  'unit', 'min', 'max', 'fieldMinMax', 'decimals', 'displayName', 'noValue', 'thresholds', 'mappings', 'links',
  'actions', 'color', 'filterable',
];
const CUSTOM = [
  'drawStyle', 'lineWidth', 'fillOpacity', 'stacking', 'lineInterpolation', 'showPoints', 'pointSize', 'axisPlacement',
  'axisLabel', 'scaleDistribution', 'thresholdsStyle', 'spanNulls', 'gradientMode', 'hideFrom', 'align', 'width',
  'cellOptions', 'inspect', 'axisGridShow', 'axisBorderShow', 'axisCenteredZero', 'barAlignment',
];

function option(name, isCustom) {
  const process = (value) => value;
  const id = isCustom ? `custom.${name}` : name;
  return { id, path: name, name, isCustom, process, override: process, editor: () => null, shouldApply: () => true };
}

export function register() {
  standardFieldConfigEditorRegistry.setInit(() => [
    ...STANDARD.map((name) => option(name, false)),
    ...CUSTOM.map((name) => option(name, true)),
  ]);
  const known = new Map(Object.values(standardTransformers).map((one) => [one.id, one]));
  standardTransformersRegistry.setInit(() =>
    [...known.values()].map((one) => ({
      id: one.id, name: one.name, transformation: () => Promise.resolve(one), editor: () => null,
    })),
  );
}
