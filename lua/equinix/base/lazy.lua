--- lazy: a module that is loaded when it is first used.
--
-- Law of this file: for what a program may never need, or not yet when it
-- starts. A short script is done before all of us would have been read.

--- Stands for a module: the first use of any member loads it, and from then
--- on this is the module's own table of members.
---@param name string
---@return table
return function(name)
  return setmetatable({}, {
    __index = function(self, member)
      setmetatable(self, nil)
      for key, value in pairs(require(name)) do
        self[key] = value
      end
      return self[member]
    end,
  })
end
