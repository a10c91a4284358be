// A panel's queries to frames, as Grafana's data source for Prometheus makes them; over Prometheus' own API.
import { FieldType, toDataFrame } from '@grafana/data';

// How many points a graph has at most, and the shortest window that holds enough scrapes for a rate.
const POINTS = 150;
const SCRAPES = 20;

export function spanOf(seconds, end) {
  return { start: end - seconds, end, seconds, step: Math.max(1, Math.floor(seconds / POINTS)) };
}

export function variablesOf(board, span) {
  const own = (board.templating?.list ?? []).map((one) => [one.name, one.allValue ?? '.*']);
  const window = `${Math.max(4 * span.step, SCRAPES)}s`;
  return { ...Object.fromEntries(own), __rate_interval: window, __interval: window, __range: `${span.seconds}s` };
}

function substituted(text, variables) {
  return text.replace(/\$\{(\w+)\}|\$(\w+)/g, (all, braced, bare) => variables[braced ?? bare] ?? all);
}

function named(format, labels) {
  return (format ?? '').replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label) => labels[label] ?? '');
}

async function answered(base, path, parameters) {
  const answer = await (await fetch(`${base}/api/v1/${path}?${new URLSearchParams(parameters)}`)).json();
  if (answer.status !== 'success') {
    throw new Error(answer.error);
  }
  return answer.data.result;
}

function tableOf(target, found) {
  const labels = [...new Set(found.flatMap((one) => Object.keys(one.metric)))];
  const time = { name: 'Time', type: FieldType.time, values: found.map((one) => one.value[0] * 1000) };
  const strings = labels.map((name) => ({
    name, type: FieldType.string, values: found.map((one) => one.metric[name]),
  }));
  const value = {
    name: `Value #${target.refId}`, type: FieldType.number, values: found.map((one) => Number(one.value[1])),
  };
  return toDataFrame({ refId: target.refId, fields: [time, ...strings, value] });
}

function seriesOf(target, one) {
  const name = named(target.legendFormat, one.metric);
  const config = name ? { displayNameFromDS: name } : {};
  const time = { name: 'Time', type: FieldType.time, values: one.values.map(([at]) => at * 1000) };
  const values = one.values.map(([, value]) => Number(value));
  const value = { name: 'Value', type: FieldType.number, labels: one.metric, values, config };
  return toDataFrame({ refId: target.refId, name, fields: [time, value] });
}

export async function framesOf(base, target, variables, span) {
  const query = substituted(target.expr, variables);
  if (target.format === 'table') {
    const found = await answered(base, 'query', { query, time: span.end });
    return found.length ? [tableOf(target, found)] : [];
  }
  const { start, end, step } = span;
  const found = await answered(base, 'query_range', { query, start, end, step });
  return found.map((one) => seriesOf(target, one));
}
