// Files of pages that are no plain list, the test of all sites, and secrets that
// are shown when asked for: by mouse, by keyboard and at phone width, on a demo.
import test from 'node:test'
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { axe, browser, openWhen, shot, signIn, start, steps, until } from './lib.mjs'

test('files, the test of all sites, secrets', { timeout: 600000 }, async t => {
  const app = await start(t, ['demo', '--sites', '3', '--hosts', '20'])
  const b = await browser(t)
  const page = await b.page()
  await signIn(page, app.url, 'demo', 'demo')
  const step = steps(t)
  const menu = page.locator('.ph .end details.dd').filter({ has: page.locator('a[href*="/export?"]') })
  const wide = () => page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth)

  /** Takes the file of a kind from the menu of the page. */
  const file = async kind => {
    await menu.locator('summary').click()
    const [download] = await Promise.all([page.waitForEvent('download'), menu.locator(`a[href*="format=${kind}"]`).click()])
    return { name: download.suggestedFilename(), text: await readFile(await download.path(), 'utf8') }
  }

  await step('problems: the file holds the rows of the page, also those that are folded', async () => {
    await openWhen(page, app.url + '/problems?view=all&group=none&limit=1000')
    const shown = await page.locator('table[data-live] tbody > tr[data-key]').evaluateAll(rows => rows.map(r => decodeURIComponent(r.dataset.key.split('|')[1])))
    const { name, text } = await file('json')
    assert.match(name, /^problems-[\d-]+\.json$/)
    const there = JSON.parse(text).map(r => r.host_name)
    // Problems come and go while the test looks.
    assert.ok(shown.filter(h => there.includes(h)).length >= shown.length * 0.8, `shown ${shown}, in the file ${there}`)
    assert.ok(Math.abs(there.length - shown.length) <= shown.length * 0.2 + 2, `${there.length} in the file, ${shown.length} shown`)
  })

  await step('problems: by keyboard, as a text', async () => {
    await page.goto(app.url + '/problems')
    await menu.locator('summary').focus()
    await page.keyboard.press('Enter')
    await until('the menu to be open', async () => await menu.getAttribute('open') !== null)
    const link = menu.locator('a[href*="as=markdown"]')
    const href = await link.getAttribute('href')
    await page.goto(app.url + href)
    assert.match(await page.locator('textarea').inputValue(), /^\| Group \| State \| Host \|/)
  })

  await step('the menu is there in both widths, and nothing is wider than the window', async () => {
    for (const [width, name] of [[1440, 'wide'], [390, 'phone']]) {
      await page.setViewportSize({ width, height: 900 })
      for (const path of ['/problems', '/hygiene', '/processes', '/sites', '/outages', '/people']) {
        await page.goto(app.url + path)
        await menu.locator('summary').click()
        await until('the menu to be open', async () => await menu.locator('.pop').isVisible())
        assert.equal(await wide(), false, `${path} at ${width}`)
        const box = await menu.locator('.pop').boundingBox()
        assert.ok(box.x >= 0 && box.x + box.width <= width, `the menu of ${path} at ${width} is at ${JSON.stringify(box)}`)
        await shot(page, `export${path.replace('/', '-')}-${name}`)
      }
    }
    assert.deepEqual(await axe(page), [])
    await page.setViewportSize({ width: 1440, height: 900 })
  })

  await step('all sites are tested, each as it ends', async () => {
    await page.goto(app.url + '/sites')
    assert.equal(await page.locator('#tested').isVisible(), false)
    await page.getByRole('button', { name: 'Test all' }).click()
    const lines = page.locator('#tested-list li')
    await until('every site to be ready', async () => (await lines.allInnerTexts()).filter(l => /ready/.test(l)).length === 3)
    assert.equal(await lines.count(), 3)
    assert.deepEqual(await axe(page), [])
    await shot(page, 'sites-tested')
  })

  await step('the latencies of the last hour are a line', async () => {
    await until('a line for each site', async () => {
      await page.goto(app.url + '/sites')
      return await page.locator('svg.spark circle').count() === 3
    })
    assert.match(await page.locator('svg.spark').first().getAttribute('aria-label'), /in the last hour$/)
  })

  await step('a secret is shown when asked for, by mouse and by keyboard', async () => {
    await openWhen(page, app.url + '/hosts?columns=name,_SNMP_COMMUNITY&sort=-_SNMP_COMMUNITY')
    const veil = page.locator('details.veil').first()
    await veil.waitFor()
    const value = veil.locator('.mono')
    assert.equal(await value.isVisible(), false)
    await veil.locator('summary').click()
    await value.waitFor({ state: 'visible' })
    await shot(page, 'secret-list')
    await page.locator('table[data-live] tbody tr th a').first().click()
    const own = page.locator('details.veil').first()
    assert.equal(await own.locator('.mono').isVisible(), false)
    await own.locator('summary').focus()
    await page.keyboard.press('Enter')
    await own.locator('.mono').waitFor({ state: 'visible' })
    assert.equal(await own.locator('summary').innerText(), 'hide')
    await own.scrollIntoViewIfNeeded()
    await shot(page, 'secret-host')
    await page.evaluate(() => scrollTo(0, 0)) // what lies half under the top bar has no room
    assert.deepEqual(await axe(page), [])
    await page.keyboard.press('Enter')
    await own.locator('.mono').waitFor({ state: 'hidden' })
  })

  assert.deepEqual(b.errors, [])
})
