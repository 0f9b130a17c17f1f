package web

// What the scripts of the page look for. Everything works without them too,
// except live updates.
//
//	data-block, data-tables      a live block (ui.Block)
//	tr[id] in table[data-live]   rows with a stable id: j and k move, Enter opens the first link, x selects
//	table[data-solved]           rows that go are problems that ended: struck for a moment; new ones are announced
//	data-quiet                   a change in this element (or a .num or <time>) does not make its row flash
//	data-key on tr               what the selection remembers a row by; else its id
//	input.pick, input.pick-all   selection of rows; .bulk with <output> appears with the first
//	a[data-fold]                 draws its block as the address of the link has it: folds and unfolds
//	data-groups                  the links that group a list: v follows the next one
//	data-open=ID, data-close     opens a <dialog>, closes it
//	data-copy=TEXT               copies
//	button[data-peek=ADDRESS]    opens the object of its row beside the list (block "peek" of that address)
//	data-dismiss                 removes the toast or banner around it
//	form[data-pending]           its button is busy after sending
//	form[data-filter]            "/" goes there
//	form[data-auto]              is sent when one of its fields changes
//	button[data-stream]          sends its form and shows the parts of a Stream as they come
//	button[data-confirm=TEXT]    asks before it is pressed
//	time[data-age], [data-ago]   unix seconds; counted by one timer
