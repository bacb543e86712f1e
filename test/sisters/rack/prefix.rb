# Below a prefix, for servers that speak HTTP: Sidegate says it in X-Forwarded-Prefix, and Rack has it in SCRIPT_NAME.
class Prefix
  def initialize(app)
    @app = app
  end

  def call(env)
    env['SCRIPT_NAME'] = env.delete('HTTP_X_FORWARDED_PREFIX').to_s
    @app.call(env)
  end
end
