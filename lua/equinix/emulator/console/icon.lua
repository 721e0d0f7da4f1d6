--- icon: the mark of the console, as SVG.

return [[
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
<rect width="32" height="32" rx="8" fill="#0b6b63"/>
<path d="M9 22v-9M16 22V9M23 22v-6" stroke="#fff" stroke-width="3.4"
 stroke-linecap="round"/>
</svg>
]]
