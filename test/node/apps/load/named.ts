export const application = (): string => 'application'
export const other = (): string => 'other'
