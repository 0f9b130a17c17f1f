// What is between a phone and a desk, and below the narrowest phone: nothing is
// wider than the window, and what matters has room. And silence, by key and by
// hand.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { browser, core, harness, openWhen, serve, shot, signIn, steps, until } from './lib.mjs'

test('widths, and silence', { timeout: 600000 }, async t => {
  const step = steps(t)
  const call = await harness(t)
  const sites = [await core(call, 'Wien', { quiet: 1, hosts: 8, services: 4, churn: -1 }), await core(call, 'São Paulo', { quiet: 1, hosts: 8, services: 4, churn: -1 })]
  const app = await serve(t, sites)
  const b = await browser(t)
  const page = await b.page()
  const rowsOf = async table => await call('/core/Wien/rows', { table }) || []
  await signIn(page, app.url)
  await openWhen(page, app.url + '/services?q=' + encodeURIComponent('site:Wien'))
  const services = await rowsOf('services')
  const long = services[0]
  await call('/core/Wien/result', { host: long.host_name, service: long.description, state: 2, output: 'CRITICAL - a sentence that is long enough to want more room than there is' })
  await openWhen(page, app.url + '/problems')

  const dialog = page.locator('dialog#act')
  const list = 'table[data-live] tbody > tr[id]'
  const told = async (host, service) => String((service ? (await rowsOf('services')).find(s => s.host_name === host && s.description === service) : (await rowsOf('hosts')).find(h => h.name === host)).notifications_enabled)
  const names = tr => tr.evaluate(el => el.id.split('|').slice(1).map(decodeURIComponent))
  /** Fills in the form that is open and sends it. */
  const give = async heading => {
    await dialog.getByRole('heading', { name: heading }).waitFor()
    await dialog.locator('[name=note]').fill('noisy until the fix')
    await dialog.locator('footer button').first().click()
    await dialog.waitFor({ state: 'hidden' })
  }
  /** Puts the focus on the first row, however late the page's script starts. */
  const first = async () => until('the focus on the first row', async () => {
    await page.keyboard.press('j')
    return page.evaluate(() => document.activeElement?.closest('tr')?.id ?? '')
  })

  await step('n asks why, and switches notifications off for the service that has the focus', async () => {
    await openWhen(page, app.url + '/services?q=' + encodeURIComponent('site:Wien'))
    const id = await first()
    const [host, service] = id.split('|').slice(1).map(decodeURIComponent)
    assert.equal(await told(host, service), '1')
    await page.keyboard.press('n')
    await give(/Switch off notifications/)
    await until('the core to know', async () => await told(host, service) === '0')
    await openWhen(page, app.url + '/services?q=' + encodeURIComponent('is:silent site:Wien'), `[id="${id}"]`)
  })

  await step('n does the same for a host', async () => {
    await openWhen(page, app.url + '/hosts?q=' + encodeURIComponent('site:Wien'))
    const [host] = (await first()).split('|').slice(1).map(decodeURIComponent)
    assert.equal(await told(host), '1')
    await page.keyboard.press('n')
    await give(/Switch off notifications/)
    await until('the core to know', async () => await told(host) === '0')
  })

  await step('the button below a selection silences all of it', async () => {
    await openWhen(page, app.url + '/services?q=' + encodeURIComponent('site:Wien -is:silent'), '.pick')
    const picked = []
    for (const n of [0, 1]) {
      const tr = page.locator(list).nth(n)
      picked.push(await names(tr))
      await tr.locator('.pick').check()
    }
    await page.locator('.bulk [data-act=DISABLE_SVC_NOTIFICATIONS]').click()
    await dialog.locator('[name=note]').waitFor()
    const confirm = dialog.locator('[name=confirm]')
    if (await confirm.isVisible()) await confirm.fill('2')
    await give(/Switch off notifications/)
    for (const [host, service] of picked) await until(`${host} ${service} to be silent`, async () => await told(host, service) === '0')
  })

  const pages = ['/overview', '/problems', '/problems?view=all&group=host', '/hosts', '/services', '/services?q=state:ok+host:nothing+site:Wien', '/groups', '/groups?view=overview', '/groups?view=matrix', '/downtimes', '/comments',
    '/processes', '/outages', '/map', '/hygiene', '/config/contacts', '/orders', '/recurring', '/sites', '/views', '/screens', '/people', '/profile', '/audit']
  for (const locale of ['en-GB', 'de-DE']) {
    await step(`no page is wider than its window, ${locale}`, async () => {
      const p = await b.page({ locale, storageState: await page.context().storageState() })
      for (const path of pages) {
        await p.goto(app.url + path)
        await p.locator('main h1, main .tabs').first().waitFor()
        for (const width of [320, 390, 641, 768, 900, 1100, 1101, 1240, 1440]) {
          await p.setViewportSize({ width, height: 900 })
          const over = await p.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
          assert.ok(over <= 0, `${path} at ${width} is ${over} px wider`)
        }
      }
      await p.context().close()
    })
  }

  await step('names and outputs have room at every width, and the state can be told', async () => {
    for (const [path, outLeast] of [['/problems', 60], ['/services?sort=state', 60], ['/hosts?sort=state', 60]]) {
      await openWhen(page, app.url + path)
      for (const width of [641, 768, 900, 1100, 1101, 1240, 1280, 1440]) {
        await page.setViewportSize({ width, height: 900 })
        const seen = await page.locator(list).filter({ has: page.locator('td.out') }).first().evaluate(tr => {
          const w = s => tr.querySelector(s)?.getBoundingClientRect().width ?? 0
          return { who: w('.who'), out: w('td.out'), glyph: w('.c-state .g') }
        })
        assert.ok(seen.who >= 90 && seen.out >= outLeast && seen.glyph >= 12, `${path} at ${width}: ${JSON.stringify(seen)}`)
        if (path === '/problems') await shot(page, `widths-problems-${width}`)
      }
    }
    await page.setViewportSize({ width: 1440, height: 900 })
    const out = await page.locator(list).locator('td.out').first().evaluate(el => el.getBoundingClientRect().width)
    assert.ok(out >= 230, `with several sites at a desk the output has ${out} px`)
  })

  await step('on paper lists show all their columns, and nothing is cut', async () => {
    for (const path of ['/problems', '/services?sort=state', '/hosts?sort=state', '/sites']) {
      await openWhen(page, app.url + path)
      await page.emulateMedia({ media: 'print' })
      for (const width of [718, 1047]) { // A4 within its margins
        await page.setViewportSize({ width, height: 900 })
        const seen = await page.evaluate(() => {
          const shown = el => el.getBoundingClientRect().width > 0 && getComputedStyle(el).display !== 'none'
          const table = document.querySelector('table[data-live]')
          const row = [...table.tBodies[0].rows].find(r => r.cells.length === table.tHead.rows[0].cells.length)
          return {
            wide: document.documentElement.scrollWidth,
            buttons: [...document.querySelectorAll('.main .btn')].filter(shown).length,
            // A cell that says something is there.
            cut: [...row.cells].filter(c => c.textContent.trim() && !c.matches('.c-pick, .pin') && (!shown(c) || parseFloat(getComputedStyle(c).fontSize) < 6)).map(c => c.className),
          }
        })
        assert.deepEqual(seen, { wide: width, buttons: 0, cut: [] }, `${path} at ${width}`)
      }
      await page.emulateMedia({ media: null })
      await page.setViewportSize({ width: 1440, height: 900 })
    }
  })

  await step('the name of a group has room at every width', async () => {
    await openWhen(page, app.url + '/groups')
    for (const width of [641, 768, 900, 1100, 1440]) {
      await page.setViewportSize({ width, height: 900 })
      const who = await page.locator(list).first().locator('.who').evaluate(el => el.getBoundingClientRect().width)
      assert.ok(who >= 120, `at ${width} the name has ${who} px`)
    }
  })

  await step('every head stands over cells that are seen, and no column is lost', async () => {
    const other = services.find(s => s.host_name !== long.host_name).host_name
    await call('/core/Wien/command', { line: `SCHEDULE_HOST_DOWNTIME;${other};${Math.floor(Date.now() / 1000)};${Math.floor(Date.now() / 1000) + 7200};1;0;0;anna;disk is changed` })
    await call('/core/Wien/command', { line: `ADD_HOST_COMMENT;${other};1;anna;ordered` })
    await openWhen(page, app.url + '/downtimes')
    await openWhen(page, app.url + '/comments')
    for (const path of ['/downtimes', '/comments', '/outages', '/processes', '/config/hosts', '/config/contacts', '/sites', '/people', '/audit']) {
      await page.goto(app.url + path)
      await page.locator('main h1').first().waitFor()
      for (const width of [641, 768, 900, 1024, 1101, 1200, 1280, 1440]) {
        await page.setViewportSize({ width, height: 900 })
        const wrong = await page.evaluate(() => [...document.querySelectorAll('main table.cards')].flatMap(t => {
          const row = [...t.tBodies].flatMap(b => [...b.rows]).find(r => r.cells.length >= t.tHead.rows[0].cells.length)
          return !row ? [] : [...t.tHead.rows[0].cells].filter(h => !h.matches('.w0, .nar, .c-pick') && h.textContent.trim() !== '').flatMap((h, i) => {
            const cell = row.cells[h.cellIndex]
            return h.getBoundingClientRect().width < 40 ? [`no room for ${h.textContent.trim()}`] : getComputedStyle(cell).fontSize === '0px' ? [`nothing under ${h.textContent.trim()}`] : []
          })
        }))
        assert.deepEqual(wrong, [], `${path} at ${width}`)
      }
    }
  })

  await step('on a phone the processes show how late their checks are', async () => {
    await page.setViewportSize({ width: 390, height: 844 })
    await openWhen(page, app.url + '/processes')
    const shown = page.locator('table[data-live] td.opt[data-head]:not([data-head=""])').filter({ visible: true })
    await until('the latencies', async () => await shown.count() >= 4)
    await page.locator('table[data-live] td.opt[data-head="Latency of services"]').first().waitFor()
  })

  await step('on a wall no row is cut in two', async () => {
    for (const [width, height] of [[1280, 720], [1366, 768], [1920, 1080], [1440, 1000]]) {
      await page.setViewportSize({ width, height })
      await page.goto(app.url + '/hosts?wall=1')
      await page.locator('.wallplain tbody tr').first().waitFor()
      await until(`whole rows at ${width} x ${height}`, () => page.evaluate(() => {
        const box = document.querySelector('.wallplain'), v = box.getBoundingClientRect()
        const clip = /([\d.]+)%/.exec(box.style.clipPath)
        const end = v.bottom - v.height * (clip ? Number(clip[1]) : 0) / 100
        return [...box.querySelectorAll('tbody tr')].every(r => { const x = r.getBoundingClientRect(); return x.bottom <= end + 2 || x.top >= end - 2 })
      }))
      await page.goto(app.url + '/problems?wall=1')
      await page.locator('.worst li').first().waitFor()
      const cut = await page.locator('.worst').evaluate(el => {
        const v = el.getBoundingClientRect()
        return [...el.querySelectorAll('li')].filter(li => { const x = li.getBoundingClientRect(); return x.left < v.right - 1 && x.top < v.bottom - 1 && x.bottom > v.bottom + 1 }).length
      })
      assert.equal(cut, 0, `rows cut at ${width} x ${height}`)
    }
  })

  assert.deepEqual(b.errors, [])
})
