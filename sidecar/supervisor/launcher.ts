// Below npx or `npm start`: npm hands a signal to the shell that it has put in between, and that ends without a word to what it runs. Nobody would
// look after this process any more, and it would keep its addresses.

const LOOK_MS = 500

/** As SIGTERM, once whoever started this process is gone. */
export function endWithLauncher(): void {
  const launcher = process.ppid
  const look = setInterval(() => {
    if (process.ppid === launcher) return
    clearInterval(look)
    process.kill(process.pid, 'SIGTERM')
  }, LOOK_MS).unref()
}
