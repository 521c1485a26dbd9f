export * from './base';
export * from './chain';
export * from './icon';
export * from './overlay';
export * from './states';
export * from './toast';
