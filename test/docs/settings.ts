import { blocksOf } from './markdown.ts'

const content = blocksOf('docs/operating.md').find(({ language }) => language === 'toml')?.content ?? ''

/** The settings file of the guide: as it stands, and with the settings that have no default. */
export const defaults = { given: content, every: content.replace(/^# (?=[\w-]+ = )/gm, '') } as const
