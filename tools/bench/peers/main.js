// Measures one peer: node main.js PEER FOLDER ENTRIES APPENDS
const [peer, folder, entries, appends] = process.argv.slice(2)
const { run } = await import(`./${peer}.js`)
await run(folder, Number(entries), Number(appends))
