// Whether the browser lets a page write the clipboard: not over plain HTTP.

export const canCopy = () => navigator.clipboard !== undefined;
