// WCAG 2.2 AA on the pages of groups, topology and care and their states, in light and
// dark, wide and on a phone; nothing scrolls sideways, in English and in
// German, and everything is reached by Tab with a focus to see.
import { test } from 'node:test'
import { everybody } from './a11y.mjs'

test('groups, maps and care are for everybody', { timeout: 600000 }, t => everybody(t, ({ hostgroup, servicegroup, process, around, contact, command }) => [
  ['groups', '/groups', 'tab'],
  ['groups-overview', '/groups?view=overview&limit=4', 'tab'],
  ['groups-grid', '/groups?view=grid&limit=4'],
  ['groups-matrix', '/groups?view=matrix', 'tab'],
  ['groups-service', '/groups?kind=service'],
  ['groups-none', '/groups?q=nothing-like-this'],
  ['hostgroup', hostgroup, 'tab'],
  ['servicegroup', servicegroup],
  ['outages', '/outages', 'tab'],
  ['outages-none', '/outages?q=nothing-like-this'],
  ['map', '/map', 'tab'],
  ['map-tree', '/map?view=tree', 'tab'],
  ['map-around', around],
  ['map-around-tree', around + '&view=tree'],
  ['processes', '/processes', 'tab'],
  ['process', process, 'tab'],
  ['hygiene', '/hygiene', 'tab'],
  ['contacts', '/config/contacts?limit=8', 'tab'],
  ['contact', contact, 'tab'],
  ['commands', '/config/commands?limit=8'],
  ['command', command],
  ['timeperiods', '/config/timeperiods?limit=8'],
  ['configured-services', '/config/services?limit=8'],
  ['downtimes', '/downtimes?limit=8', 'tab'],
  ['comments', '/comments?limit=8', 'tab'],
  ['comments-none', '/comments?q=nothing-like-this'],
]))
