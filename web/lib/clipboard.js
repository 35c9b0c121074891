// Whether the browser lets the page write to the clipboard: not over plain HTTP.

export const canCopy = () => navigator.clipboard !== undefined;
