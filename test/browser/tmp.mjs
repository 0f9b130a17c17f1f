import { browser, core, harness, serve, signIn, until } from './lib.mjs'
const ends = []
const t = { after: f => ends.push(f) }
try {
  const call = await harness(t)
  const site = await core(call, 'Wien', { hosts: 625, services: 8, churn: -1 })
  const app = await serve(t, [site])
  const b = await browser(t)
  const page = await b.page()
  await signIn(page, app.url)
  const list = 'table[data-live] tbody > tr[id]'
  await until('5,000 services', async () => {
    await page.goto(app.url + '/services?limit=1000')
    return await page.locator(list).count() === 1000
  }, 90000, 1000)
  await until('rows', async () => {
    await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight))
    return await page.locator(list).count() >= 3000
  }, 150000, 150)
  console.log(await page.evaluate(async () => {
    const out = {}
    const frame = () => new Promise(r => requestAnimationFrame(() => setTimeout(r)))
    const time = async (name, fn) => {
      await frame(); await frame()
      const a = performance.now(); fn(); const b = performance.now(); getComputedStyle(document.querySelector('h1')).color; const c = performance.now(); document.body.offsetHeight; const d = performance.now()
      out[name] = [b - a, c - b, d - c].map(x => Math.round(x * 10) / 10)
    }
    const parts = [...document.querySelectorAll('[data-block=list]')]
    const last = parts.at(-1)
    await time('nothing', () => {})
    let div
    await time('empty div after last', () => { div = document.createElement('div'); last.after(div) })
    await time('class cont on it', () => { div.className = 'cont' })
    await time('data-block', () => { div.dataset.block = 'x' })
    await time('remove', () => { div.remove() })
    await time('text in say', () => { document.getElementById('say').textContent = 'x' })
    await time('append span to pager', () => { document.querySelector('.pager').append(document.createElement('span')) })
    await time('aria-busy', () => { document.querySelector('.pager a').setAttribute('aria-busy', 'true') })
    await time('remove pager', () => { document.querySelector('.pager').remove() })
    let c
    await time('clone', () => { c = last.cloneNode(true) })
    await time('append clone', () => { last.after(c) })
    await time('append to body', () => { document.body.append(document.createElement('i')) })
    await time('count rows', () => { document.querySelectorAll('[data-block="list"] tbody > tr[id]').length })
    return JSON.stringify(out, null, 1)
  }))
  await b.close(); await app.stop()
} finally { for (const f of ends.reverse()) await f() }
