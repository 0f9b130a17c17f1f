// NagVis from Debian's package draws a map of what our Livestatus listener says:
// a service that is critical at the core is red on it, and green again after.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { browser, core, freePort, harness, run, serve, shot, until } from './lib.mjs'

const installed = '/usr/share/nagvis/share'

/**
 * Starts NagVis in PHP's own server, on loopback and in a folder of its own,
 * with a map of these objects ({kind, host, service}); resolves to the map's
 * address. The package has its paths in the source, and its release for Debian
 * 12 stops at PHP 8.2's notes about old ways to write PHP: in the copy both are
 * changed, and nothing else.
 */
async function nagvis(t, livestatus, objects) {
  const dir = mkdtempSync(join(tmpdir(), 'belvedere-nagvis-'))
  const at = (...names) => join(dir, ...names)
  for (const d of ['root', 'base', 'session', 'etc/conf.d', 'etc/maps', 'etc/geomap', 'etc/profiles', 'var/tmpl/cache', 'var/tmpl/compile']) mkdirSync(at(d), { recursive: true })
  cpSync(installed, at('base/share'), { recursive: true, dereference: true })
  symlinkSync(at('base/share'), at('root/nagvis'))
  symlinkSync(at('var'), at('base/var'))
  for (const f of ['defines/global.php', 'classes/GlobalMainCfg.php']) {
    const file = at('base/share/server/core', f)
    const text = readFileSync(file, 'utf8')
    chmodSync(file, 0o644)
    writeFileSync(file, text.replaceAll("'/etc/nagvis", `'${at('etc')}`).replaceAll("'/var/cache/nagvis", `'${at('var')}`).replaceAll('E_ALL ^ E_STRICT', 'E_ALL & ~E_DEPRECATED'))
  }
  // The person is whoever the browser names; admin is there from the start.
  writeFileSync(at('etc/nagvis.ini.php'), `; <?php return 1; ?>
[global]
logonmodule="LogonEnv"
logonenvvar="HTTP_X_USER"
logonenvcreateuser="0"
[paths]
base="${at('base')}/"
htmlbase="/nagvis"
htmlcgi="/nagvis"
[defaults]
backend="belvedere"
[worker]
interval=1
updateobjectstates=1
[backend_belvedere]
backendtype="mklivestatus"
socket="tcp:127.0.0.1:${livestatus}"
`)
  writeFileSync(at('etc/maps/all.cfg'), 'define global {\n  backend_id=belvedere\n}\n' + objects.map(({ kind, host, service }, i) =>
    `define ${kind} {\n  object_id=abcde${i}\n  host_name=${host}\n` + (service ? `  service_description=${service}\n` : '') + `  x=${100 + 120 * i}\n  y=120\n}\n`).join(''))
  const port = await freePort()
  const php = spawn('php', ['-S', `127.0.0.1:${port}`, '-t', at('root'), '-d', 'session.save_path=' + at('session')], { stdio: 'ignore' })
  const exited = new Promise(r => php.on('exit', r))
  t.after(async () => { php.kill(); await exited; rmSync(dir, { recursive: true, force: true }) })
  const url = `http://127.0.0.1:${port}/nagvis/frontend/nagvis-js/index.php?mod=Map&act=view&show=all`
  await until('NagVis to answer', async () => (await fetch(url, { method: 'HEAD' })).status > 0, 90000)
  return url
}

/** The colour of an icon in words, by its loaded pixels. */
const colour = icon => icon.evaluate(img => {
  if (!img.complete || img.naturalWidth === 0) return 'none'
  const canvas = document.createElement('canvas')
  canvas.width = img.naturalWidth
  canvas.height = img.naturalHeight
  const g = canvas.getContext('2d')
  g.drawImage(img, 0, 0)
  const sum = [0, 0, 0]
  const { data } = g.getImageData(0, 0, canvas.width, canvas.height)
  for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 128) for (let c = 0; c < 3; c++) sum[c] += data[i + c]
  return sum[0] > 1.3 * sum[1] ? 'red' : sum[1] > 1.3 * sum[0] ? 'green' : 'other'
})

test('a map of NagVis', { timeout: 300000 }, async t => {
  if (!existsSync(installed)) {
    assert.notEqual(process.env.CI, 'true', 'nagvis is not installed')
    return t.skip('NOT TESTED WITH NAGVIS: nagvis is not installed: run make setup')
  }
  const call = await harness(t)
  const port = await freePort()
  const sites = [await core(call, 'Berlin', { quiet: 'true', churn: '-1' })]
  await serve(t, sites, undefined, { more: `livestatus: [{listen: "127.0.0.1:${port}"}]\n` })
  const ask = async q => (await run(['query', '--at', `127.0.0.1:${port}`, '--format', 'raw', q])).out.trim()
  const line = await until('a service at the listener', () => ask('GET services\nColumns: host_name description\nLimit: 1'))
  const [host, service] = line.split(/[;\t]/)
  const map = await nagvis(t, port, [{ kind: 'service', host, service }, { kind: 'host', host }])
  const b = await browser(t)
  const page = await b.page({ extraHTTPHeaders: { 'X-User': 'admin' } })
  await page.goto(map)
  page.setDefaultTimeout(20000)
  const icon = page.locator('#abcde0-icon')
  const is = want => until(`the service to be ${want} on the map`, async () => await colour(icon) === want)
  await is('green')
  await call('/core/Berlin/result', { host, service, state: 2, output: 'CRITICAL - no paper' })
  await is('red')
  await shot(page, 'nagvis')
  await call('/core/Berlin/result', { host, service, state: 0, output: 'OK - paper' })
  await is('green')
})
