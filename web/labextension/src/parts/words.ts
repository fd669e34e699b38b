/** Numbers and times in words. Pure functions. */
import type { SubtaskProgress } from '../api/types';

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** 2, 2.5, 0.33: points as people write them. */
export function points(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** «1 point», «2.5 points». */
export function ofPoints(value: number): string {
  return `${points(value)} ${value === 1 ? 'point' : 'points'}`;
}

/** A moment in the reader's own way of writing it. */
export function moment(iso: string): string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime())
    ? ''
    : date.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
}

/** The day alone. */
export function day(iso: string): string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? '' : date.toLocaleDateString(undefined, { dateStyle: 'medium' });
}

/** A moment, shorter: today's moments by their time alone. */
export function briefMoment(iso: string, now = new Date()): string {
  const date = new Date(iso);
  return date.toDateString() === now.toDateString() ? date.toLocaleTimeString(undefined, { timeStyle: 'short' }) : moment(iso);
}

export function size(bytes: number): string {
  return bytes < 1024 * 1024 ? `${Math.max(1, Math.round(bytes / 1024))} kB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

/** «2 attempts · 3 checks left», or less where there is less to say. */
export function attemptsLine({ attempts, checks_left }: SubtaskProgress): string {
  const parts = attempts ? [plural(attempts, 'attempt')] : [];
  if (checks_left !== null) {
    parts.push(`${plural(checks_left, 'check')} left`);
  }
  return parts.join(' · ');
}

/** Whether the words hold all that a shorter form of them says: on one line, perhaps cut off with «…». */
export function says(words: string, shorter: string): boolean {
  const flat = words.replace(/\s+/g, ' ').trim();
  return shorter.endsWith('…') ? flat.startsWith(shorter.slice(0, -1)) : flat === shorter;
}
