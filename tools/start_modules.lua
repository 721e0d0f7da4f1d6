-- start_modules: what a short command loads, and the start of a service.
--
-- Law of this file: it is the closed list of spec/cli/start_spec.lua, since a
-- module that is added here costs every call of a script; and what
-- tools/precompile.lua compiles. `token` is for a token that is in the store,
-- `request` for what one call with it loads besides; `serve` for what `serve`
-- loads besides these before nginx runs, with a capability and without.
return {
  token = [[cjson
    base.check base.json base.json_integers base.lazy base.table base.text
    base.trim base.version
    cli cli.client cli.exit_code cli.output cli.plain_words cli.token
    client client.characters client.credentials client.emitter
    client.environment client.options
    core http.retry oauth.cache_key oauth.lockout_page oauth.token
    store.arguments store.file store.session
    tokens.distributed tokens.fast_path tokens.finding tokens.no_token
    tokens.place tokens.record tokens.renewal tokens.source
    transport.await transport.curl transport.default]],
  request = [[
    cli.arguments cli.request client.call
    http.build http.form http.media_type http.response http.target
    http.validate]],
  serve = [[argparse
    base.error base.file base.memory base.printable base.shell base.suggest
    base.template base.utf8
    capability.binds capability.body capability.builtin
    capability.consumed_inputs capability.consumes capability.document
    capability.exposed_inputs capability.exposes capability.json_tree
    capability.needs capability.origin capability.output capability.parameter
    capability.path capability.plan capability.problems capability.reader
    capability.shapes capability.tree capability.value capability.writer
    capability.yaml
    cli.capability_file cli.parser cli.serve client.named_store http.problem
    oauth.operations serve.launch serve.nginx_conf service.access
    service.paths supervisor.foreground supervisor.free_port
    supervisor.log_lines supervisor.nginx supervisor.script]],
}
