// A link for a screen in a browser where nobody is signed in, and the installed
// app without its server.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import http from 'node:http'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { browser, openWhen, signIn, start, steps, until } from './lib.mjs'

const keptPages = page => page.evaluate(async () => {
  const all = []
  for (const name of await caches.keys()) {
    if (name.startsWith('belvedere-pages-')) for (const k of await (await caches.open(name)).keys()) all.push(new URL(k.url).pathname)
  }
  return all
})

/** A server of pages that frame the address behind their ?. */
async function parent(t) {
  const server = http.createServer((req, res) => {
    res.setHeader('Content-Type', 'text/html')
    res.end(`<iframe width="900" height="600" src="${decodeURIComponent(req.url.split('?')[1] ?? 'about:blank')}"></iframe>`)
  })
  await new Promise(done => server.listen(0, '127.0.0.1', done))
  t.after(() => { server.closeAllConnections(); server.close() })
  return `http://127.0.0.1:${server.address().port}`
}

test('screens, and pages without a server', { timeout: 600000 }, async t => {
  const step = steps(t)
  const folder = mkdtempSync(join(tmpdir(), 'belvedere-screens-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const [allowed, other] = [await parent(t), await parent(t)]
  writeFileSync(join(folder, 'c.yaml'), `embed_parents: [${JSON.stringify(allowed)}]\n`)
  const app = await start(t, ['demo', '--config', join(folder, 'c.yaml'), '--sites', '2', '--hosts', '20', '--services', '4'])
  const b = await browser(t)
  const page = await b.page()

  await step('an address of Thruk with its page behind a # leads there over the page to sign in', async () => {
    await page.goto(app.url + '/thruk/#cgi-bin/status.cgi?style=hostdetail&host=all')
    await page.fill('[name=username]', 'demo')
    await page.fill('[name=password]', 'demo')
    await page.press('[name=password]', 'Enter')
    await page.waitForURL(u => u.pathname === '/hosts')
    await openWhen(page, app.url + '/problems')
  })

  await step('a link turns from view to view and stays live', async () => {
    for (const [name, at] of [['One', '/problems'], ['Two', '/hosts']]) {
      await page.goto(app.url + '/views/new?at=' + encodeURIComponent(at))
      await page.fill('#view-name', name)
      await page.press('#view-name', 'Enter')
      await page.waitForURL(u => u.pathname === at)
    }
    await page.goto(app.url + '/screens')
    for (const box of await page.locator('input[name=view]').all()) await box.check()
    await page.selectOption('[name=every]', '10')
    await page.fill('#screen-name', 'Room')
    await page.click('button[value=link]')
    const link = await page.inputValue('input[readonly]')
    const context = await page.context().browser().newContext()
    t.after(() => context.close())
    const screen = await context.newPage()
    await screen.goto(link)
    await screen.locator('.counts').waitFor()
    await until('the mark to be live', async () => /^live\d/.test(await screen.textContent('[data-live-mark]')))
    await screen.waitForURL(u => u.searchParams.get('n') === '1', { timeout: 60000 })
    assert.equal((await screen.goto(app.url + '/problems')).url().includes('/login'), true)
  })

  await step('a view lies in the frames of listed pages alone, by a session or a link, and leads to no other view', async () => {
    await page.goto(app.url + '/screens')
    await page.locator('label').filter({ hasText: 'One' }).locator('[name=view]').check()
    await page.check('[name=form][value=embed]')
    await page.fill('#screen-name', 'Frame')
    await page.click('button[value=link]')
    const link = await page.inputValue('input[readonly]')
    const stranger = await b.page()
    for (const [who, what] of [[page, app.url + '/problems?embed=1'], [stranger, link]]) {
      await who.goto(`${allowed}/?${encodeURIComponent(what)}`)
      const frame = who.frameLocator('iframe')
      await frame.locator('table[data-live] tbody > tr[id]').first().waitFor()
      assert.equal(await frame.locator('.tabs, .qbar:visible, .nav').count(), 0)
    }
    await stranger.goto(`${allowed}/?${encodeURIComponent(app.url + '/problems?embed=1')}`)
    await stranger.frameLocator('iframe').getByText('Nobody is signed in').waitFor()
    assert.deepEqual(b.errors.filter(e => !/status of 401 .*embed=1/.test(e)), [])
    for (const what of [app.url + '/problems?embed=1', link]) {
      await page.goto(`${other}/?${encodeURIComponent(what)}`)
      await until('the browser to refuse it', () => b.errors.some(e => /frame-ancestors/.test(e)))
      assert.equal(await page.frameLocator('iframe').locator('table').count(), 0)
      b.errors.length = 0
    }
    await stranger.context().close()
  })

  await step('a list longer than the wall is shown a screenful at a time', async () => {
    await page.goto(app.url + '/services?wall=1')
    const top = () => page.evaluate(() => {
      const head = document.querySelector('.wallplain thead th').getBoundingClientRect().bottom
      return [...document.querySelectorAll('.wallplain tbody tr')].findIndex(r => r.getBoundingClientRect().top >= head - 2)
    })
    assert.match(await page.textContent('[data-leaf]'), /^Screen 1 of \d/)
    assert.equal(await top(), 0)
    await until('the next screenful', async () => /^Screen 2 of/.test(await page.textContent('[data-leaf]')), 90000)
    assert.ok(await top() > 10)
  })

  await step('what was looked at is kept, and marked when the server is gone', async () => {
    await page.goto(app.url + '/problems')
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => 0))
    await page.goto(app.url + '/hosts')
    await page.goto(app.url + '/problems')
    await until('the pages to be kept', async () => (await keptPages(page)).filter(p => p === '/problems' || p === '/hosts').length === 2)
    await app.stop()
    await page.goto(app.url + '/problems')
    await page.locator('#b-kept').waitFor()
    assert.match(await page.textContent('#b-kept'), /old picture.*Nothing here is live/s)
    assert.equal(await page.locator('[data-live-mark]').isVisible(), false)
    await page.goto(app.url + '/') // as the installed app begins
    await page.locator('#b-kept').waitFor()
    assert.equal(new URL(page.url()).pathname, '/problems')
    await page.goto(app.url + '/services')
    const kept = page.locator('[data-kept-pages] li').filter({ has: page.getByText('Problems', { exact: true }) })
    await kept.waitFor()
    assert.match(await kept.locator('time').innerText(), /^\d+ [smhd]/) // its age: the time of day would be that of any day
    b.errors.length = 0 // the browser reports each refused connection
  })

  await step('signing out forgets them', async () => {
    const again = await start(t, ['demo', '--sites', '2', '--hosts', '20', '--services', '4'], { data: app.data, port: app.port })
    await signIn(page, again.url, 'demo', 'demo')
    await page.goto(again.url + '/problems')
    await page.evaluate(() => document.querySelector('form[action$="/logout"]').requestSubmit())
    await page.waitForURL(/\/login/)
    await until('nothing to be kept', async () => (await keptPages(page)).length === 0)
    await again.stop()
    b.errors.length = 0
  })
})
