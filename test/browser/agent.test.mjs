// An agent is paired on the page Sites, in both directions, with the real
// binary on both sides.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { axe, binary, browser, core, freePort, harness, mark, run, serve, shot, signIn, steps, unloaded, until } from './lib.mjs'

/** A folder with the configuration of an agent beside a core. */
function place(t, address, more = '') {
  const dir = mkdtempSync(join(tmpdir(), 'belvedere-agent-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  const config = join(dir, 'agent.yaml')
  writeFileSync(config, `data: ${dir}/data\nlivestatus: ${address}\ncommands: [ordinary]\n${more}`)
  return config
}

/** Runs the binary until the test ends; lines collects what it says. */
function background(t, args) {
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const exited = new Promise(r => child.on('exit', r))
  const lines = []
  for (const s of [child.stdout, child.stderr]) createInterface({ input: s }).on('line', l => lines.push(l))
  t.after(async () => { child.kill(); await exited })
  return { lines, exited }
}

test('agents', { timeout: 600000 }, async t => {
  const step = steps(t)
  const call = await harness(t)
  const wien = await core(call, 'Wien', { hosts: 20, services: 4 })
  const graz = await core(call, 'Graz', { hosts: 7, services: 4 })
  const port = await freePort()
  const app = await serve(t, [{ name: 'Linz', address: graz.address }], undefined, { more: `agents:\n  listen: 127.0.0.1:${port}\n` })
  const b = await browser(t)
  const page = await b.page()
  page.context().setDefaultTimeout(30000)
  await signIn(page, app.url)
  const config = place(t, wien.address)

  await step('the page makes a code and waits', async () => {
    await page.goto(app.url + '/sites/new')
    await page.getByRole('link', { name: 'With the agent', exact: true }).click()
    await page.fill('#f-name', 'Wien')
    assert.deepEqual(await axe(page), [])
    await shot(page, 'agent-new')
    await page.getByRole('button', { name: 'Get a join code' }).click()
    await page.waitForSelector('#join-code')
    assert.match(await page.locator('main').innerText(), /Waiting for the agent/)
    assert.match(await page.locator('main').innerText(), /in\s1[45]\sm/)
    assert.deepEqual(await axe(page), [])
    await shot(page, 'agent-code')
  })

  await step('it fits a phone, in German and in the dark', async () => {
    const phone = await b.page({ viewport: { width: 390, height: 844 }, colorScheme: 'dark', locale: 'de-DE', storageState: await page.context().storageState() })
    await phone.goto(page.url())
    await phone.waitForSelector('#join-code')
    assert.match(await phone.locator('main').innerText(), /Warten auf den Agenten/)
    const wide = () => phone.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    assert.equal(await wide(), 0)
    assert.deepEqual(await axe(phone), [])
    await shot(phone, 'agent-code-phone-dark')
    await phone.goto(app.url + '/agents/new')
    assert.equal(await wide(), 0)
    assert.deepEqual(await axe(phone), [])
    await shot(phone, 'agent-new-phone-dark')
    await phone.context().close()
  })

  await step('the agent joins, and the page becomes the site by itself', async () => {
    const code = (await page.locator('#join-code').innerText()).split(' ').at(-1)
    await mark(page)
    const joined = await run(['agent', 'join', code, '--config', config])
    assert.equal(joined.code, 0, joined.err)
    assert.match(joined.out, /as the site Wien/)
    await page.getByText('Start the agent, and its data appears').waitFor()
    await shot(page, 'agent-joined')
    background(t, ['agent', '--config', config])
    await page.getByText('20 hosts').waitFor()
    assert.ok(!await unloaded(page))
    assert.deepEqual(await axe(page), [])
    await shot(page, 'agent-live')
    const again = await run(['agent', 'join', code, '--config', place(t, wien.address)])
    assert.equal(again.code, 1)
    assert.match(again.err, /used already/)
  })

  await step('the list says how it is reached', async () => {
    await page.goto(app.url + '/sites')
    assert.match(await page.locator('table[data-live] tbody').innerText(), /agent:\/\/wien-\S+\s+Agent/)
    await page.locator('tbody th.who a', { hasText: 'Wien' }).click()
    await page.getByRole('button', { name: 'Test the connection' }).click()
    await page.locator('#verdict .tag.ok, #verdict .tag.warn').waitFor()
    assert.match(await page.locator('#steps').innerText(), /Speak with the agent/)
    await shot(page, 'agent-test')
  })

  await step('the server goes to an agent that cannot come', async () => {
    const at = `127.0.0.1:${await freePort()}`
    const config = place(t, graz.address, `listen: ${at}\n`)
    const invite = background(t, ['agent', 'invite', '--config', config, '--address', at])
    const code = await until('the code', () => invite.lines.find(l => l.startsWith('belvedere-')))
    await page.goto(app.url + '/agents/new')
    await page.fill('#f-name', 'Graz')
    await page.getByText('The agent cannot reach this server').click()
    await page.fill('#f-code', code)
    await shot(page, 'agent-invited')
    await page.getByRole('button', { name: 'Pair with this code' }).click()
    await page.waitForURL(u => u.pathname.endsWith('/edit'))
    await invite.exited
    background(t, ['agent', '--config', config])
    await page.getByText('7 hosts').waitFor()
  })

  await step('removing the site shuts the agent out', async () => {
    await page.goto(app.url + '/sites')
    await page.locator('tbody th.who a', { hasText: 'Wien' }).click()
    await page.getByRole('button', { name: 'Remove' }).click()
    await page.getByRole('button', { name: 'Remove site' }).click()
    await page.waitForURL(u => u.pathname === '/sites')
    await until('the refusal in the log', () => app.log.some(l => l.includes('refused an agent') && l.includes('does not belong to any site')))
  })

  assert.deepEqual(b.errors, [])
})
