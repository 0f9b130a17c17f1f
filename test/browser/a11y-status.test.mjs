// WCAG 2.2 AA on the lists of problems, hosts and services and their states, in light and
// dark, wide and on a phone; nothing scrolls sideways, in English and in
// German, and everything is reached by Tab with a focus to see.
import { test } from 'node:test'
import { everybody } from './a11y.mjs'

test('lists are for everybody', { timeout: 600000 }, t => everybody(t, ({ host, service }) => [
  ['overview', '/overview', 'tab'],
  ['problems', '/problems?limit=12', 'tab'],
  ['problems-host', '/problems?group=host&limit=12'],
  ['problems-flat', '/problems?group=none&view=all&soft=1&limit=12'],
  ['problems-by-pattern', '/problems?group=output&soft=1&limit=12'],
  ['problems-suppressed', '/problems?view=suppressed&limit=12'],
  ['problems-mine', '/problems?view=mine'],
  ['problems-nomatch', '/problems?q=nothing-like-this'],
  ['hosts', '/hosts?q=host:web*', 'tab'],
  ['hosts-query', '/hosts?q=(host:esx*+or+host:db*)+not+site:x'],
  ['services', '/services?q=host:web-wien-01', 'tab'],
  ['services-mistake', '/services?q=state:crti'],
  ['host', host, 'tab'],
  ['service', service, 'tab'],
  ['wrong-parameter', '/services?limit=2000'],
]))
