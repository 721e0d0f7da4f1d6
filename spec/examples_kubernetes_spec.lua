-- The example pod for Kubernetes: well-formed, locked down, and of one mind
-- with the image and the command. (`make deb-check` runs that image on a
-- read-only root, with a secret that is replaced as kubelet does it.)
local exists, lyaml = pcall(require, "lyaml")
if not exists then
  pending "lyaml is not installed"
  return
end

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

local deployment = lyaml.load(read "examples/kubernetes.yaml")
local pod = deployment.spec.template.spec
local sidecar, app = pod.initContainers[1], pod.containers[1]
local image = read "Containerfile"

local function by_name(list, name)
  for _, item in ipairs(list) do
    if item.name == name then
      return item
    end
  end
end

-- The names of the API's fields, which ignores what it does not know.
local FIELDS = {}
for name in ([[ allowPrivilegeEscalation apiVersion args
  automountServiceAccountToken capabilities command containers cpu defaultMode
  drop emptyDir env exec failureThreshold fsGroup image initContainers items
  key kind labels limits livenessProbe matchLabels medium memory metadata
  mountPath name path periodSeconds readOnly readOnlyRootFilesystem
  readinessProbe replicas requests resources restartPolicy runAsGroup
  runAsNonRoot runAsUser seccompProfile secret secretKeyRef secretName
  securityContext selector sizeLimit spec startupProbe template timeoutSeconds
  type value valueFrom volumeMounts volumes app.kubernetes.io/name ]])
  :gmatch "%S+" do
  FIELDS[name] = true
end

local function assert_known(value, path)
  if type(value) == "table" then
    for key, item in pairs(value) do
      assert.is_true(type(key) == "number" or FIELDS[key] ~= nil,
        path .. "." .. key)
      assert_known(item, path .. "." .. key)
    end
  end
end

describe("the pod for Kubernetes", function()
  it("has no field that is misspelt", function()
    assert.same({ "apps/v1", "Deployment" },
      { deployment.apiVersion, deployment.kind })
    assert_known(deployment, "")
    assert.same(deployment.spec.selector.matchLabels,
      deployment.spec.template.metadata.labels)
  end)

  it("runs as the user of the image, which is not root", function()
    local context = pod.securityContext
    assert.is_true(context.runAsNonRoot)
    assert.equal(image:match "\nUSER (%d+:%d+)\n",
      ("%d:%d"):format(context.runAsUser, context.runAsGroup))
    assert.equal(context.runAsGroup, context.fsGroup)
    assert.same({ type = "RuntimeDefault" }, context.seccompProfile)
    assert.is_false(pod.automountServiceAccountToken)
  end)

  it("has containers that can gain and write nothing", function()
    for _, container in ipairs { sidecar, app } do
      assert.same({
        readOnlyRootFilesystem = true,
        allowPrivilegeEscalation = false,
        capabilities = { drop = { "ALL" } },
      }, container.securityContext)
    end
  end)

  it("starts the sidecar first, on loopback, and keeps it", function()
    assert.equal("Always", sidecar.restartPolicy)
    assert.same({ "serve" }, sidecar.args)
    assert.truthy(image:find('\nENTRYPOINT ["equinix-auth"]\n', 1, true))
  end)

  it("probes both paths, with a program of the image", function()
    local paths = {}
    for _, probe in ipairs { "startupProbe", "livenessProbe",
      "readinessProbe" } do
      local command = sidecar[probe].exec.command
      assert.equal("curl", command[1])
      paths[#paths + 1] = command[#command]:match "^http://127.0.0.1:8080(.*)$"
    end
    assert.same({ "/healthz", "/healthz", "/readyz" }, paths)
    assert.matches(" curl &&", image)
  end)

  it("mounts the secret as files that are replaced together", function()
    local mount = by_name(sidecar.volumeMounts, "credentials")
    local secret = by_name(pod.volumes, "credentials").secret
    local file = by_name(sidecar.env, "EQUINIX_API_CLIENTSECRET_FILE").value
    assert.is_true(mount.readOnly)
    assert.is_nil(mount.subPath)
    assert.equal(file, mount.mountPath .. "/" .. secret.items[1].path)
    assert.equal(288, secret.defaultMode) -- 0440: of the pod's group
    assert.is_nil(by_name(sidecar.env, "EQUINIX_API_CLIENTSECRET"))
    assert.equal("client_id", by_name(sidecar.env, "EQUINIX_API_CLIENTID")
      .valueFrom.secretKeyRef.key)
  end)

  it("gives it one folder to write to: that of the image", function()
    local mount = by_name(sidecar.volumeMounts, "private")
    assert.equal(("TMPDIR=%s XDG_RUNTIME_DIR=%s"):format(mount.mountPath,
      mount.mountPath), image:match "\nENV ([^\n]+)\n")
    local volume = by_name(pod.volumes, "private").emptyDir
    assert.equal("Memory", volume.medium)
    assert.is_string(volume.sizeLimit)
    assert.is_string(sidecar.resources.limits.memory)
  end)
end)
