import { formatPath, type Place, type Problem, type SettingPath } from './problem.ts'
import { type ConfigNode, nodeAt, placeOf } from './tree.ts'

/** Collects everything that is wrong with a config, so that one look mends it all. */
export class Report {
  readonly #errors: Problem[] = []
  readonly #warnings: Problem[] = []

  get errors(): readonly Problem[] {
    return inOrder(this.#errors)
  }

  get warnings(): readonly Problem[] {
    return inOrder(this.#warnings)
  }

  /** Whether something is wrong with just this, not with what is below it. */
  hasError(path: SettingPath): boolean {
    return this.#errors.some((error) => formatPath(error.path) === formatPath(path))
  }

  error(root: ConfigNode, path: SettingPath, problem: string): void {
    // A value that could not be made is reported already; what it would be unfit for is no news.
    const node = nodeAt(root, path)
    if (node?.kind === 'scalar' && node.origin.kind === 'broken') return
    this.errorAt(placeOf(root, path), path, problem)
  }

  errorAt(place: Place, path: SettingPath, problem: string): void {
    this.#errors.push({ file: place.file, place, path, problem })
  }

  warning(root: ConfigNode, path: SettingPath, problem: string): void {
    const place = placeOf(root, path)
    this.#warnings.push({ file: place.file, place, path, problem })
  }
}

/** File by file as they were first met, each from top to bottom. */
function inOrder(problems: readonly Problem[]): Problem[] {
  const files = [...new Set(problems.map(({ file }) => file))]
  const rank = ({ file, place }: Problem) => [files.indexOf(file), place?.line ?? 0, place?.column ?? 0]
  return problems.toSorted((a, b) => {
    const [ours, theirs] = [rank(a), rank(b)]
    const at = ours.findIndex((value, index) => value !== theirs[index])
    return at < 0 ? 0 : ours[at] - theirs[at]
  })
}
