export const app = (): string => 'app'
export default (): string => 'default'
