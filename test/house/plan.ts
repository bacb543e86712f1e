// The plan of the house: its rooms, from the top floor down, and who may use whom. The linter's rules and the table in docs/architecture.md
// are made from it.
import type { Import } from './imports.ts'

/** A room: files that belong together. */
export interface Room {
  readonly name: string
  /** Folders, which end with a slash, and single files, from the top of the project. Of two that hold a file, the longer one counts. */
  readonly files: readonly string[]
  /** What is done there, in a sentence. */
  readonly sentence: string
  /** The rooms that its files may import from, besides their own. */
  readonly uses: readonly string[]
}

/** The room of a file; undefined: it stands in none. */
export function roomOf(file: string, rooms: readonly Room[]): Room | undefined {
  let found: Room | undefined
  let longest = 0
  for (const room of rooms) {
    for (const place of room.files) {
      if (place.length <= longest || !(place.endsWith('/') ? file.startsWith(place) : file === place)) continue
      found = room
      longest = place.length
    }
  }
  return found
}

/** The imports that the plan does not allow. */
export function strays(imports: readonly Import[], rooms: readonly Room[]): Import[] {
  return imports.filter(({ from, to }) => {
    const [room, other] = [roomOf(from, rooms), roomOf(to, rooms)]
    return !room || !other || (room !== other && !room.uses.includes(other.name))
  })
}

/** Where the plan lets a room use one that is no lower floor, as `room → other`. */
export function upwards(rooms: readonly Room[]): string[] {
  const below = (room: Room, other: string): boolean =>
    rooms.findIndex(({ name }) => name === other) > rooms.indexOf(room)
  return rooms.flatMap((room) =>
    room.uses.filter((other) => !below(room, other)).map((other) => `${room.name} → ${other}`),
  )
}

/** What the plan allows and nobody does, as `room → other`. */
export function unused(imports: readonly Import[], rooms: readonly Room[]): string[] {
  const used = new Set(imports.map(({ from, to }) => `${roomOf(from, rooms)?.name} → ${roomOf(to, rooms)?.name}`))
  return rooms.flatMap(({ name, uses }) => uses.map((other) => `${name} → ${other}`)).filter((way) => !used.has(way))
}
