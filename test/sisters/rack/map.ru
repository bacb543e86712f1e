# The same with `map`, for a mount with keepPrefix.
require_relative 'app'

map(ENV.fetch('PREFIX', '/')) { run App }
