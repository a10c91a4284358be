// What is inside a panel. Everything but the timeline is Grafana's own component.
import React from 'react';
import { getFieldDisplayValues, getFrameDisplayName } from '@grafana/data';
import { BigValue, BigValueTextMode, TimeSeries, VizRepeater } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';

const LEGEND = { displayMode: 'list', placement: 'bottom', calcs: [], showLegend: true };

function Graph({ panel, frames, width, height, drawn }) {
  const legend = { ...LEGEND, ...panel.options?.legend };
  return (
    <TimeSeries
      frames={frames} timeRange={drawn.timeRange} timeZone="utc" width={width} height={height} legend={legend}
      theme={drawn.theme} options={panel.options} replaceVariables={(text) => text}
    />
  );
}

function Stat({ panel, frames, width, height, drawn }) {
  const { options, fieldConfig } = panel;
  const values = getFieldDisplayValues({
    fieldConfig, reduceOptions: options.reduceOptions, replaceVariables: (text) => text, theme: drawn.theme,
    data: frames, sparkline: options.graphMode !== 'none', timeZone: 'utc',
  });
  return (
    <VizRepeater
      source={frames} width={width} height={height} itemSpacing={3} orientation="auto" autoGrid
      getValues={() => values}
      renderValue={({ value, width: w, height: h, count }) => (
        <BigValue
          value={value.display} sparkline={value.sparkline} width={w} height={h} count={count} theme={drawn.theme}
          colorMode={options.colorMode ?? 'value'} graphMode={options.graphMode ?? 'none'}
          textMode={options.textMode ?? BigValueTextMode.Auto} justifyMode={options.justifyMode ?? 'auto'}
        />
      )}
    />
  );
}

function Table({ frames, width, height }) {
  return <TableNG data={frames[0]} width={width} height={height} structureRev={1} cellHeight="sm" />;
}

// A stand-in: the component is part of Grafana's core and not published. Values, texts and colours are Grafana's.
function Timeline({ frames, height }) {
  const tall = Math.min(36, height / frames.length);
  return (
    <div data-standin="state-timeline" style={{ height, overflow: 'hidden' }}>
      {frames.map((frame, n) => (
        <div key={n} style={{ display: 'flex', height: tall, alignItems: 'center', fontSize: 12 }}>
          <div style={{ width: 200, flex: 'none', overflow: 'hidden' }}>{getFrameDisplayName(frame)}</div>
          <Blocks frame={frame} />
        </div>
      ))}
    </div>
  );
}

function Blocks({ frame }) {
  const [time, value] = frame.fields;
  const first = time.values[0];
  const whole = time.values[time.length - 1] - first || 1;
  const at = (n) => (100 * ((time.values[n] ?? first + whole) - first)) / whole;
  return (
    <div style={{ flex: 1, position: 'relative', height: '80%' }}>
      {value.values.map((one, n) => {
        const { text, color } = value.display(one);
        const style = { position: 'absolute', left: `${at(n)}%`, width: `${at(n + 1) - at(n)}%`, height: '100%' };
        return <div key={n} title={text} style={{ ...style, background: color }} />;
      })}
    </div>
  );
}

export const BODIES = { timeseries: Graph, stat: Stat, table: Table, 'state-timeline': Timeline };
