// What is said of apps that run in the gateway's own process.

/** Why no other mount can take over from one of them. */
export const LOADED_ONCE =
  "its app is loaded into the gateway's process, and Node.js loads a module once. `sidegate reload` without a mount loads all anew (serve --supervise); with `processes` the app runs in workers, which others can replace"
