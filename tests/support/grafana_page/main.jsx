// Draws a board: `await draw(board, {prometheus, theme, seconds, end})` gives what was told of each panel.
import React from 'react';
import { createRoot } from 'react-dom/client';
import {
  applyFieldOverrides, createTheme, dateTime, getFieldDisplayName, ThemeContext, transformDataFrame,
} from '@grafana/data';
import { GlobalStyles, PanelChrome } from '@grafana/ui';
import { firstValueFrom } from 'rxjs';
import { BODIES } from './bodies.jsx';
import { framesOf, spanOf, variablesOf } from './prometheus.js';
import { register } from './registries.js';

const COLUMN = 50;
const ROW = 38;
const GAP = 8;

// Of plug-ins in Grafana's core: what a field is where the board says nothing.
const COLORS = { timeseries: 'palette-classic', 'state-timeline': 'continuous-GrYlRd' };

function fieldConfigOf(panel) {
  const color = { mode: COLORS[panel.type] ?? 'thresholds' };
  return { overrides: panel.fieldConfig.overrides, defaults: { color, ...panel.fieldConfig.defaults } };
}

async function filled(panel, drawn) {
  const asked = panel.targets.map((target) => framesOf(drawn.prometheus, target, drawn.variables, drawn.span));
  let data = (await Promise.all(asked)).flat();
  if (panel.transformations?.length) {
    data = await firstValueFrom(transformDataFrame(panel.transformations, data, { interpolate: (text) => text }));
  }
  const fieldConfig = fieldConfigOf(panel);
  data = applyFieldOverrides({
    data, fieldConfig, replaceVariables: (text) => text, theme: drawn.theme, timeZone: 'utc',
  });
  for (const frame of data) {
    frame.fields.forEach((field) => getFieldDisplayName(field, frame, data));
  }
  return data;
}

class Boundary extends React.Component {
  state = {};

  static getDerivedStateFromError(error) {
    return { error };
  }

  componentDidCatch(error) {
    this.props.told.error = String(error.stack ?? error);
  }

  render() {
    return this.state.error ? <pre>{String(this.state.error)}</pre> : this.props.children;
  }
}

function Panel({ panel, frames, told, drawn }) {
  const { x, y, w, h } = panel.gridPos;
  const [width, height] = [w * COLUMN - GAP, h * ROW - GAP];
  const place = { position: 'absolute', left: x * COLUMN, top: y * ROW, width, height };
  if (panel.type === 'row') {
    return <div style={{ ...place, font: '500 14px sans-serif', paddingTop: 6 }}>▾ {panel.title}</div>;
  }
  const Body = BODIES[panel.type];
  const inner = (wide, high) => {
    if (told.error) {
      return <pre>{told.error}</pre>;
    }
    return told.points ? (
      <Body panel={{ ...panel, fieldConfig: fieldConfigOf(panel) }} frames={frames} width={wide} height={high}
        drawn={drawn} />
    ) : (
      'No data'
    );
  };
  return (
    <div style={place} data-panel={panel.title}>
      <PanelChrome width={width} height={height} title={panel.title} description={panel.description}>
        {(wide, high) => <Boundary told={told}>{inner(wide, high)}</Boundary>}
      </PanelChrome>
    </div>
  );
}

async function made(panel, drawn) {
  const told = { title: panel.title, type: panel.type, frames: 0, points: 0, error: null };
  try {
    if (panel.type === 'row') {
      return { panel, told };
    }
    if (!BODIES[panel.type]) {
      throw new Error(`nothing here draws a ${panel.type}`);
    }
    const frames = await filled(panel, drawn);
    told.frames = frames.length;
    told.points = frames.reduce((sum, frame) => sum + frame.length, 0);
    return { panel, told, frames };
  } catch (error) {
    told.error = String(error);
    return { panel, told };
  }
}

window.draw = async (board, { prometheus, theme: mode, seconds, end }) => {
  const theme = createTheme({ colors: { mode } });
  const span = spanOf(seconds, end);
  const timeRange = {
    from: dateTime(span.start * 1000), to: dateTime(end * 1000), raw: { from: `now-${seconds}s`, to: 'now' },
  };
  const drawn = { prometheus, theme, span, timeRange, variables: variablesOf(board, span) };
  const panels = await Promise.all(board.panels.map((panel) => made(panel, drawn)));
  const bottom = Math.max(...board.panels.map(({ gridPos }) => gridPos.y + gridPos.h));
  const whole = { position: 'relative', width: 24 * COLUMN, height: bottom * ROW };
  document.body.style.background = theme.colors.background.canvas;
  createRoot(document.getElementById('root')).render(
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <div style={whole} id="board">
        {panels.map((one) => <Panel key={one.panel.id} drawn={drawn} {...one} />)}
      </div>
    </ThemeContext.Provider>,
  );
  window.told = panels.map(({ told }) => told).filter(({ type }) => type !== 'row');
};

register();
