// What all peers' files share: the notes that 30 authors write, and how a figure is printed, one JSON object a line.
import { performance } from 'node:perf_hooks'

export const AUTHORS = 30

const TEXTS = [
  'triangles hold best', 'measure the load before we build higher', 'who has the tape?', 'the second arch is clean'
]

// A pupil's note, as Jam's bench writes them: a short text in a jam, by a person.
export function note (author, i) {
  return { kind: 'note', by: `pupil ${author}`, jam: 'bridge', text: TEXTS[(author + i) % TEXTS.length] }
}

export function say (what, value, unit) {
  console.log(JSON.stringify({ what, value, unit }))
}

// Runs `act`; returns { seconds, cpu } that it took, in this process with all its threads.
export async function time (act) {
  const cpu = process.cpuUsage()
  const begun = performance.now()
  await act()
  const used = process.cpuUsage(cpu)
  return { seconds: (performance.now() - begun) / 1000, cpu: (used.user + used.system) / 1e6 }
}

export function sayCatchup (entries, { seconds, cpu }, bytes) {
  say('catch-up', entries / seconds, 'entries/s')
  say('catch-up by processor time', entries / cpu, 'entries/s')
  if (bytes) say('catch-up, sent', bytes / entries, 'bytes/entry')
  say('memory at the end', process.memoryUsage().rss / 1048576, 'MB')
}
